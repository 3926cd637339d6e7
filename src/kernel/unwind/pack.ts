/** Tables as the maps have them (layout.ts): bytes out of values, without a kernel. */
import type { UnwindTable } from '../../elf/frames/table.ts';
import { type Mapping, offsetInFile } from '../../symbol/maps.ts';
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

/** Part of a file's table. */
export interface Chunk {
  /** Position in the file of its first row. */
  readonly start: number;
  readonly distances: Uint32Array;
  readonly rules: Uint32Array;
}

/** The rows in pieces of at most CHUNK_ROWS, none of them reaching farther than 32 bits. */
export function chunksOf({ count, positions, rules }: UnwindTable): Chunk[] {
  const chunks: Chunk[] = [];
  for (let from = 0; from < count; ) {
    const start = positions[from]!;
    let to = from;
    while (to < count && to - from < CHUNK_ROWS && positions[to]! - start < NO_ROW) to++;
    const distances = Uint32Array.from(positions.subarray(from, to), (position) => position - start);
    chunks.push({ start, distances, rules: rules.subarray(from, to) });
    from = to;
  }
  return chunks;
}

export function writeChunk(words: Uint32Array, { distances, rules }: Chunk): void {
  words.fill(NO_ROW, 0, CHUNK_ROWS);
  words.set(distances);
  words.set(rules, CHUNK_ROWS);
}

/** A file whose chunks are in the map, one behind the other. */
export interface PlacedFile {
  /** Number of the first chunk in the map. */
  readonly first: number;
  /** Positions in the file, ascending. */
  readonly starts: readonly number[];
}

/** Where code of a process is. `file` undefined: code without tables. */
export interface CodeMapping {
  readonly mapping: Mapping;
  readonly file: PlacedFile | undefined;
  readonly trampoline: boolean;
}

/** The areas of a process; what does not fit is left out, at the end. Mappings are in order of address. */
export function writeAreas(view: DataView, mappings: readonly CodeMapping[]): void {
  let count = 0;
  let end = 0n;
  const add = (start: bigint, base: bigint, code: number): void => {
    if (count >= AREAS) return;
    view.setBigUint64(count * 8, start, true);
    view.setBigUint64(areaLayout.bases + count * 8, base, true);
    view.setUint32(areaLayout.codes + count * 4, code, true);
    count++;
  };
  for (const each of mappings) {
    const { mapping } = each;
    // Room for the hole behind it, so that nothing is taken for a part of it.
    if (count + Math.max(1, each.file?.starts.length ?? 1) + 2 > AREAS) break;
    if (count === 0 || mapping.start > end) add(end, 0n, AreaCode.hole);
    addCode(each, add);
    end = mapping.end;
  }
  add(end, 0n, AreaCode.hole);
  for (let i = count; i < AREAS; i++) view.setBigUint64(i * 8, NO_AREA, true);
  view.setBigUint64(areaLayout.asked, 0n, true);
}

function addCode(
  { mapping, file, trampoline }: CodeMapping,
  add: (start: bigint, base: bigint, code: number) => void,
): void {
  if (trampoline) return add(mapping.start, 0n, AreaCode.trampoline);
  if (!file) return add(mapping.start, 0n, AreaCode.framePointers);
  const last = offsetInFile(mapping, mapping.end);
  for (const [i, start] of file.starts.entries()) {
    const next = file.starts[i + 1] ?? Infinity;
    if (next <= mapping.offset || start >= last) continue;
    const base = mapping.start + BigInt(start - mapping.offset);
    add(start > mapping.offset ? base : mapping.start, base, firstChunkCode + file.first + i);
  }
}

/** The value of `unwind_files`; undefined for a file with too many chunks. */
export function fileValue({ first, starts }: PlacedFile): Uint8Array | undefined {
  if (starts.length > FILE_CHUNKS || starts[0] !== 0) return undefined;
  const value = new Uint8Array(fileLayout.size);
  const view = new DataView(value.buffer);
  for (let i = 0; i < FILE_CHUNKS; i++) {
    const start = starts[i];
    view.setBigUint64(i * 8, start === undefined ? NO_AREA : BigInt(start), true);
  }
  view.setUint32(fileLayout.first, first, true);
  return value;
}

/** The key of `unwind_files`, with the device as the kernel keeps it (include/linux/kdev_t.h). */
export function fileKey(inode: bigint, [major, minor]: readonly [number, number]): Uint8Array {
  const key = new Uint8Array(fileLayout.key);
  const view = new DataView(key.buffer);
  view.setBigUint64(0, inode, true);
  view.setUint32(8, ((major << 20) | minor) >>> 0, true);
  return key;
}
