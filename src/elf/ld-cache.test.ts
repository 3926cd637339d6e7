import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findLibrary, parseLinkerCache } from './ld-cache.ts';

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly flags: number;
}

/** A cache as ldconfig writes it; with `old`, after an empty one of the older form. */
function cacheOf(entries: readonly Entry[], old = false): Uint8Array {
  const start = old ? 16 : 0;
  const strings: number[] = [];
  const base = 48 + entries.length * 24;
  const place = (text: string): number => {
    const at = base + strings.length;
    strings.push(...new TextEncoder().encode(text), 0);
    return at;
  };
  const rows = entries.map(({ name, path, flags }) => [flags, place(name), place(path)] as const);
  const bytes = new Uint8Array(start + base + strings.length);
  const view = new DataView(bytes.buffer);
  if (old) bytes.set(new TextEncoder().encode('ld.so-1.7.0\0'), 0);
  bytes.set(new TextEncoder().encode('glibc-ld.so.cache1.1'), start);
  view.setUint32(start + 20, entries.length, true);
  view.setUint32(start + 24, strings.length, true);
  rows.forEach((row, i) => {
    for (const [j, word] of row.entries()) view.setUint32(start + 48 + i * 24 + j * 4, word, true);
  });
  bytes.set(strings, start + base);
  return bytes;
}

const entries: readonly Entry[] = [
  { name: 'libc.so.6', path: '/lib32/libc.so.6', flags: 0x3 },
  { name: 'libc.so.6', path: '/lib/x86_64-linux-gnu/libc.so.6', flags: 0x303 },
  { name: 'libcrypto.so.3', path: '/lib/libcrypto.so.3', flags: 0x303 },
];

test('entries are read from both places where the cache may begin', () => {
  assert.deepEqual(parseLinkerCache(cacheOf(entries)), entries);
  assert.deepEqual(parseLinkerCache(cacheOf(entries, true)), entries);
});

test("a library of the machine's own kind is taken first", () => {
  assert.equal(findLibrary(entries, 'c', 'x64'), '/lib/x86_64-linux-gnu/libc.so.6');
  assert.equal(findLibrary(entries, 'c', 'arm64'), '/lib32/libc.so.6');
  assert.equal(findLibrary(entries, 'cry', 'x64'), undefined);
});

test('a cache that is cut, or says what is not so, gives what is whole', () => {
  const whole = cacheOf(entries, true);
  for (let length = 0; length < whole.length; length++) {
    assert.ok(parseLinkerCache(whole.subarray(0, length)).length <= entries.length);
  }
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
      (changes) => {
        const bytes = whole.slice();
        for (const [at, byte] of changes) bytes[at] = byte;
        for (const { path } of parseLinkerCache(bytes)) assert.ok(path.startsWith('/'));
      },
    ),
  );
});
