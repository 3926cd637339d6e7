import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mapping } from '../../symbol/maps.ts';
import {
  AREAS,
  AreaCode,
  areaLayout,
  CHUNK_ROWS,
  FILE_CHUNKS,
  fileLayout,
  firstChunkCode,
  NO_AREA,
  NO_ROW,
} from './layout.ts';
import { type CodeMapping, chunksOf, fileKey, fileValue, writeAreas, writeChunk } from './pack.ts';

function tableOf(count: number, step: number) {
  return {
    count,
    positions: Float64Array.from({ length: count }, (_, i) => 4096 + i * step),
    rules: Uint32Array.from({ length: count }, (_, i) => i),
  };
}

function mapped(
  start: bigint,
  size: number,
  more: Partial<CodeMapping> & { offset?: number } = {},
): CodeMapping {
  const mapping = { start, end: start + BigInt(size), offset: more.offset ?? 0 } as Mapping;
  return { mapping, file: more.file, trampoline: more.trampoline ?? false };
}

function areasOf(mappings: readonly CodeMapping[]): { start: bigint; base: bigint; code: number }[] {
  const view = new DataView(new ArrayBuffer(areaLayout.size));
  writeAreas(view, mappings);
  const areas = [];
  for (let i = 0; i < AREAS && view.getBigUint64(i * 8, true) !== NO_AREA; i++) {
    areas.push({
      start: view.getBigUint64(i * 8, true),
      base: view.getBigUint64(areaLayout.bases + i * 8, true),
      code: view.getUint32(areaLayout.codes + i * 4, true),
    });
  }
  return areas;
}

test('a table is cut where a chunk is full, and where a distance needs more than 32 bits', () => {
  const cut = chunksOf(tableOf(CHUNK_ROWS + 1, 16));
  assert.deepEqual(
    cut.map(({ start, distances }) => [start, distances.length]),
    [
      [4096, CHUNK_ROWS],
      [4096 + CHUNK_ROWS * 16, 1],
    ],
  );
  assert.deepEqual(
    chunksOf(tableOf(3, 2 ** 31)).map(({ distances, rules }) => [[...distances], [...rules]]),
    [
      [
        [0, 2 ** 31],
        [0, 1],
      ],
      [[0], [2]],
    ],
  );
});

test('behind the last row of a chunk nothing is found', () => {
  const words = new Uint32Array(CHUNK_ROWS * 2);
  writeChunk(words, chunksOf(tableOf(2, 8))[0]!);
  assert.deepEqual([...words.subarray(0, 3)], [0, 8, NO_ROW]);
  assert.equal(words[CHUNK_ROWS - 1], NO_ROW);
  assert.deepEqual([...words.subarray(CHUNK_ROWS, CHUNK_ROWS + 2)], [0, 1]);
});

test('areas have holes between them, and an end', () => {
  const file = { first: 5, starts: [0] };
  assert.deepEqual(
    areasOf([
      mapped(0x1000n, 0x1000, { file, offset: 0x200 }),
      mapped(0x2000n, 0x1000),
      mapped(0x9000n, 16, { trampoline: true }),
    ]),
    [
      { start: 0n, base: 0n, code: AreaCode.hole },
      { start: 0x1000n, base: 0xe00n, code: firstChunkCode + 5 },
      { start: 0x2000n, base: 0n, code: AreaCode.framePointers },
      { start: 0x3000n, base: 0n, code: AreaCode.hole },
      { start: 0x9000n, base: 0n, code: AreaCode.trampoline },
      { start: 0x9010n, base: 0n, code: AreaCode.hole },
    ],
  );
});

test('a file of several chunks has an area for each that its mapping shows', () => {
  const file = { first: 2, starts: [0, 0x1000, 0x2000, 0x3000] };
  assert.deepEqual(areasOf([mapped(0x10_0000n, 0x1800, { file, offset: 0x1800 })]), [
    { start: 0n, base: 0n, code: AreaCode.hole },
    { start: 0x10_0000n, base: 0xff800n, code: firstChunkCode + 3 },
    { start: 0x10_0800n, base: 0x10_0800n, code: firstChunkCode + 4 },
    { start: 0x10_1800n, base: 0n, code: AreaCode.hole },
  ]);
});

test('a process with more than there is place for has the first ones, and a hole behind them', () => {
  const many = Array.from({ length: AREAS }, (_, i) => mapped(BigInt(i + 1) * 0x10000n, 0x1000));
  const areas = areasOf(many);
  assert.ok(areas.length <= AREAS && areas.length > AREAS - 4);
  assert.equal(areas.at(-1)!.code, AreaCode.hole);
});

test('a file that is not known from its first byte on, or in too many chunks, is found by the process alone', () => {
  assert.equal(
    fileValue({ first: 0, starts: Array.from({ length: FILE_CHUNKS + 1 }, (_, i) => i) }),
    undefined,
  );
  assert.equal(fileValue({ first: 0, starts: [64] }), undefined);
  const view = new DataView(fileValue({ first: 7, starts: [0, 4096] })!.buffer);
  assert.equal(view.getBigUint64(8, true), 4096n);
  assert.equal(view.getBigUint64(16, true), NO_AREA);
  assert.equal(view.getUint32(fileLayout.first, true), 7);
});

test('a file is known by inode and device, as the kernel has them', () => {
  const view = new DataView(fileKey(2n ** 40n, [8, 3]).buffer);
  assert.equal(view.getBigUint64(0, true), 2n ** 40n);
  assert.equal(view.getUint32(8, true), 0x0080_0003);
});
