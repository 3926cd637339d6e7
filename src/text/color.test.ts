import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { colorsFor, isTerminal, wantsColor } from './color.ts';

test('a file, /dev/null and a closed descriptor are not terminals', () => {
  const fd = openSync('/dev/null', 'r');
  assert.equal(isTerminal(fd), false);
  closeSync(fd);
  assert.equal(isTerminal(fd), false);
});

test('a pseudo-terminal is a terminal', (t) => {
  let fd: number;
  try {
    fd = openSync('/dev/ptmx', 'r+');
  } catch {
    return t.skip('needs /dev/ptmx');
  }
  try {
    assert.equal(isTerminal(fd), true);
  } finally {
    closeSync(fd);
  }
});

test('the environment decides before the descriptor', async () => {
  assert.equal(wantsColor(-1, { FORCE_COLOR: '1' }), true);
  assert.equal(wantsColor(-1, { FORCE_COLOR: '0' }), false);
  assert.equal(wantsColor(-1, {}), false);
  assert.equal((await colorsFor(-1, { FORCE_COLOR: '1' })).red('x'), '\x1b[31mx\x1b[39m');
  assert.equal((await colorsFor(-1, {})).red('x'), 'x');
});
