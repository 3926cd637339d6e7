import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryText, valueText } from './columns.ts';

test('a process that holds an object is shown as comm(pid)', () => {
  assert.equal(valueText([{ pid: 7, comm: 'sh' }]), 'sh(7)');
});

test('an entry of a map is shown with every member, whatever they are called', () => {
  assert.equal(entryText({ pid: 7, comm: 'sh' }), '{"pid":7,"comm":"sh"}');
  assert.equal(valueText({ pid: 7, comm: 'sh', at: 5 }), '{"pid":7,"comm":"sh","at":5}');
  assert.equal(entryText([{ pid: 7 }, 'a\u001b[2J']), '{"pid":7}, a\\x1b[2J');
});
