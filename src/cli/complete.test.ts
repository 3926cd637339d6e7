import assert from 'node:assert/strict';
import { test } from 'node:test';
import { candidates, type RunningTask } from './complete.ts';
import { commands } from './table.ts';

const running = (): RunningTask[] => [
  { pid: 1, comm: 'systemd' },
  { pid: 12, comm: 'sh' },
  { pid: 13, comm: '$(reboot)' },
  { pid: 14, comm: '-rf' },
  { pid: 15, comm: 'a\nb' },
];

const words = (...typed: string[]): string[] => candidates(typed, running).map(({ word }) => word);

test('commands, but not the hidden one', () => {
  assert.deepEqual(
    words('').sort(),
    [...commands.filter((spec) => !spec.hidden).map((spec) => spec.name), 'help'].sort(),
  );
  assert.deepEqual(words('li'), ['lineage', 'list']);
  assert.deepEqual(words('help', 'do'), ['doctor']);
});

test('fields, and the values of the field before', () => {
  assert.deepEqual(words('tree', 'rp'), ['rptid', 'rppid']);
  assert.deepEqual(words('t', 'pid', '1'), ['1', '12', '13', '14', '15']);
  assert.deepEqual(words('-n', 'info', 'reaper', ''), ['true', 'false']);
  assert.deepEqual(words('tree', 'euid', ''), []);
  assert.deepEqual(words('tree', 'pid', '1', ''), []);
});

test('only names that a shell does not act on', () => {
  assert.deepEqual(words('tree', 'comm', ''), ['systemd', 'sh']);
  const shown = candidates(['tree', 'pid', '15'], running);
  assert.deepEqual(shown, [{ word: '15' }], 'a name that is not plain text is no description either');
});

test('lists of fields grow after each comma', () => {
  assert.deepEqual(words('tree', '-f', 'pid,eu'), ['pid,euid']);
  assert.deepEqual(words('-f', 'cmd'), ['cmdline']);
  assert.deepEqual(words('tree', '-f', 'pid', 'com'), ['comm'], 'the value of -f is not an argument');
});

test('options', () => {
  assert.deepEqual(words('doctor', '--'), ['--json', '--help']);
  assert.deepEqual(words('completion', ''), ['bash', 'zsh', 'fish']);
  assert.deepEqual(words('unknown', ''), []);
});
