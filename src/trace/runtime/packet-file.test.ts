import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PacketFiles } from './packet-file.ts';

test('packets in the format of pcap, with nanoseconds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'packets-'));
  try {
    const path = join(folder, 'out.pcap');
    const files = new PacketFiles();
    files.write(path, Uint8Array.of(1, 2, 3), 5_000_000_007n);
    files.write(path, Uint8Array.of(9), 6_000_000_000n);
    files.close();
    const bytes = readFileSync(path);
    assert.equal(bytes.readUInt32LE(0), 0xa1b23c4d);
    assert.deepEqual([bytes.readUInt16LE(4), bytes.readUInt16LE(6)], [2, 4]);
    assert.equal(bytes.readUInt32LE(20), 1);
    assert.deepEqual(
      [24, 28, 32, 36].map((at) => bytes.readUInt32LE(at)),
      [5, 7, 3, 3],
    );
    assert.deepEqual([...bytes.subarray(40, 43)], [1, 2, 3]);
    assert.equal(bytes.length, 24 + 16 + 3 + 16 + 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a symbolic link is not written through', () => {
  const folder = mkdtempSync(join(tmpdir(), 'packets-'));
  try {
    writeFileSync(join(folder, 'precious'), 'text');
    symlinkSync(join(folder, 'precious'), join(folder, 'link'));
    const files = new PacketFiles();
    assert.throws(() => files.write(join(folder, 'link'), Uint8Array.of(1)), { code: 'ELOOP' });
    assert.equal(readFileSync(join(folder, 'precious'), 'utf8'), 'text');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
