import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PackageError } from '../errors.ts';
import { engine } from './engine.ts';
import { readModule } from './module.ts';

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const mebibyte = 1 << 20;

function moduleWith(...sections: number[][]): Uint8Array {
  return Uint8Array.from([...header, ...sections.flat()]);
}

/** (memory (export "memory") 1) and a function that grows it by a page and returns the old size. */
const growing = moduleWith(
  [1, 5, 1, 0x60, 0, 1, 0x7f],
  [3, 2, 1, 0],
  [5, 3, 1, 0, 1],
  [7, 8, 1, 4, 0x67, 0x72, 0x6f, 0x77, 0, 0],
  [10, 8, 1, 6, 0, 0x41, 1, 0x40, 0, 0x0b],
);

test('a memory without a maximum gets the limit as its maximum, and cannot grow beyond it', async () => {
  const { bytes, memory } = readModule(growing, 'x.wasm', 2 * 65_536);
  assert.equal(memory, 2 * 65_536);
  const instance = await engine.instantiate(await engine.compile(bytes), {});
  const grow = instance.exports.grow as () => number;
  assert.equal(grow(), 1);
  assert.equal(grow(), -1);
});

test('a maximum below the limit stays', () => {
  const small = moduleWith([5, 4, 1, 1, 1, 3]);
  assert.equal(readModule(small, 'x.wasm', mebibyte).memory, 3 * 65_536);
});

test('a module that begins with more than the limit is refused', () => {
  const large = moduleWith([5, 5, 1, 0, 0x80, 0x80, 4]);
  assert.throws(
    () => readModule(large, 'x.wasm', 64 * mebibyte),
    (error: PackageError) => error.code === 'limit',
  );
});

test('imports are listed with their kinds; an imported memory is refused', () => {
  const imports = moduleWith([1, 4, 1, 0x60, 0, 0], [2, 7, 1, 1, 0x61, 1, 0x62, 0, 0]);
  assert.deepEqual(readModule(imports, 'x.wasm', mebibyte).imports, [
    { module: 'a', name: 'b', kind: 'function' },
  ]);
  const memory = moduleWith([2, 8, 1, 1, 0x61, 1, 0x6d, 2, 0, 1]);
  assert.throws(() => readModule(memory, 'x.wasm', mebibyte), /imports its memory \(a\.m\)/);
});

test('a module cut off at any byte is refused with a sentence', async () => {
  for (let length = 0; length < growing.length; length++) {
    try {
      await engine.compile(readModule(growing.subarray(0, length), 'x.wasm', mebibyte).bytes);
    } catch (error) {
      const known = error instanceof PackageError || error instanceof engine.CompileError;
      assert.ok(known, String(error));
    }
  }
});

test('a module of very many imports is read like any other', () => {
  const one = [1, 0x61, 1, 0x62, 0, 0];
  const content = [0xc0, 0x84, 0x3d, ...Array<number[]>(1_000_000).fill(one).flat()];
  const size = [content.length & 0x7f, (content.length >> 7) & 0x7f, (content.length >> 14) & 0x7f].map(
    (part) => part | 0x80,
  );
  const large = moduleWith([2, ...size, content.length >> 21], content);
  assert.equal(readModule(large, 'x.wasm', mebibyte).imports.length, 1_000_000);
});
