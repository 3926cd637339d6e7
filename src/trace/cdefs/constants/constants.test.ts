import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerConstant } from './constants.ts';
import { errno } from './errno.ts';
import { files } from './files.ts';
import { memory } from './memory.ts';
import { network } from './network.ts';
import { process as processes } from './process.ts';

test('every word of the tables is a name and a number, and no name has two', () => {
  const seen = new Map<string, string>();
  for (const table of [errno, files, memory, network, processes])
    for (const word of table.trim().split(/\s+/)) {
      const [, name = '', value = ''] = /^([A-Z_][A-Za-z0-9_]*)=(-?[0-9]+)$/.exec(word) ?? [];
      assert.notEqual(name, '', word);
      assert.equal(seen.get(name) ?? value, value, name);
      seen.set(name, value);
    }
  assert.ok(seen.size > 1500);
});

test('flags of allocations are made of the bits that the kernel says, else of known ones', () => {
  const bits = new Map([
    ['___GFP_IO_BIT', 3n],
    ['___GFP_FS_BIT', 5n],
  ]);
  assert.equal(headerConstant('GFP_NOFS', 'x64'), 0xc40n);
  assert.equal(
    headerConstant('GFP_NOFS', 'x64', (name) => bits.get(name)),
    0xc08n,
  );
  assert.equal(
    headerConstant('___GFP_FS', 'x64', (name) => bits.get(name)),
    32n,
  );
  assert.equal(headerConstant('___GFP_NOTHING', 'x64'), undefined);
});

test('mappings below 4 GB are of x86', () => {
  assert.equal(headerConstant('MAP_32BIT', 'x64'), 0x40n);
  assert.equal(headerConstant('MAP_32BIT', 'arm64'), undefined);
});
