import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ElfError } from './errors.ts';
import { bytesSource } from './source.ts';
import { openMember, splitArchivePath } from './zip.ts';

/** An archive of members that are stored, or said to be compressed. */
function archiveOf(members: readonly { name: string; data: string; method?: number }[]): Uint8Array {
  const text = new TextEncoder();
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const add = (to: Uint8Array[], bytes: Uint8Array): number => to.push(bytes) && bytes.length;
  for (const { name, data, method = 0 } of members) {
    const head = new DataView(new ArrayBuffer(30));
    head.setUint32(0, 0x04034b50, true);
    head.setUint16(26, name.length, true);
    head.setUint16(28, 3, true);
    const entry = new DataView(new ArrayBuffer(46));
    entry.setUint32(0, 0x02014b50, true);
    entry.setUint16(10, method, true);
    entry.setUint32(24, data.length, true);
    entry.setUint16(28, name.length, true);
    entry.setUint32(42, at, true);
    add(directory, new Uint8Array(entry.buffer));
    add(directory, text.encode(name));
    at += add(parts, new Uint8Array(head.buffer));
    at += add(parts, text.encode(`${name}pad`));
    at += add(parts, text.encode(data));
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(10, members.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, at, true);
  return Buffer.concat([...parts, ...directory, new Uint8Array(end.buffer), text.encode('a comment')]);
}

const archive = archiveOf([
  { name: 'a.txt', data: 'first' },
  { name: 'lib/x.so', data: 'the library' },
  { name: 'b.txt', data: 'small', method: 8 },
]);

test('a stored member is found with its place in the archive', () => {
  const { offset, source } = openMember(bytesSource(archive), 'lib/x.so');
  assert.equal(Buffer.from(source.read(4, 7)).toString(), 'library');
  assert.equal(Buffer.from(archive.subarray(offset, offset + source.size)).toString(), 'the library');
});

test('what cannot be mapped is refused with the reason', () => {
  const open = (name: string) => () => openMember(bytesSource(archive), name);
  assert.throws(open('c.txt'), /no such member/);
  assert.throws(open('b.txt'), /compressed/);
  assert.throws(() => openMember(bytesSource(new Uint8Array(100)), 'a'), /not a ZIP archive/);
});

test('an archive that is cut gives an error, never another member', () => {
  for (let length = 0; length < archive.length; length++) {
    try {
      const { source } = openMember(bytesSource(archive.subarray(0, length)), 'a.txt');
      assert.equal(Buffer.from(source.read(0, source.size)).toString(), 'first');
    } catch (error) {
      assert.ok(error instanceof ElfError, String(error));
    }
  }
});

test('a path names a member behind !/', () => {
  assert.deepEqual(splitArchivePath('/a/b.apk!/lib/x.so'), { archive: '/a/b.apk', member: 'lib/x.so' });
  assert.equal(splitArchivePath('/a/b!c'), undefined);
});
