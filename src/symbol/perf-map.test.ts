import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PerfMap } from './perf-map.ts';

const map = (text: string): PerfMap => new PerfMap(Buffer.from(text, 'latin1'));

test('code is named by its place, and names may have blanks', () => {
  const known = map('7f00 20 LazyCompile:*f /a b.js:1\n8000 10 g\n');
  assert.deepEqual(known.at(0x7f05n), { name: 'LazyCompile:*f /a b.js:1', offset: 5n });
  assert.deepEqual(known.at(0x800fn), { name: 'g', offset: 15n });
  assert.equal(known.at(0x8010n), undefined);
  assert.equal(known.at(0x7effn), undefined);
});

test('what was written last wins, and broken lines are left out', () => {
  const known = map('1000 10 old\nxyz\n1000 20 new\n2000 zz bad\n3000 10 \n4000 10');
  assert.equal(known.count, 2);
  assert.deepEqual(known.at(0x1001n), { name: 'new', offset: 1n });
});

test('no text makes it throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void new PerfMap(bytes).at(5n)));
});
