/**
 * How unwind tables lie in maps: user space fills them (tables.ts), kernel programs search them.
 *
 * | map | | |
 * |---|---|---|
 * | `unwind_rows` | array, mapped | chunks: `CHUNK_ROWS` u32 distances, ascending, then as many u32 rules (elf/frames/rule.ts); behind the last row all distances are `NO_ROW` |
 * | `unwind_areas` | array, mapped | what a process has where: `AREAS` u64 first addresses, ascending; as many u64 bases; as many u32 codes; the u64 `asked` |
 * | `unwind_pids` | hash: u32 process | u32 index in `unwind_areas` |
 * | `unwind_files` | hash: u64 inode, u32 device, u32 0 | `FILE_CHUNKS` u64 first positions in the file, ascending; u32 number of the first chunk |
 *
 * An area's code is `AreaCode`, or a chunk: its number and `firstChunkCode`. The distance of an address in a chunk is the
 * address minus the area's base; of a file's chunk, the position in the file minus the chunk's first.
 *
 * A program that meets an address in a hole sets `asked` and says so: the process has mapped something meanwhile.
 */

export const unwindMaps = {
  rows: 'unwind_rows',
  areas: 'unwind_areas',
  pids: 'unwind_pids',
  files: 'unwind_files',
} as const;

/** A power of two: programs search by halves. */
export const CHUNK_ROWS: number = 1 << 13;
export const NO_ROW: number = 0xffffffff;
export const chunkLayout: { readonly rules: number; readonly size: number } = {
  rules: CHUNK_ROWS * 4,
  size: CHUNK_ROWS * 8,
};

/** A power of two. A process maps some dozen files of code; large ones take several areas. */
export const AREAS: number = 1 << 11;
/** Above every address. */
export const NO_AREA: bigint = 2n ** 63n - 1n;
export const areaLayout: Readonly<Record<'bases' | 'codes' | 'asked' | 'size', number>> = {
  bases: AREAS * 8,
  codes: AREAS * 16,
  asked: AREAS * 20,
  size: AREAS * 20 + 8,
};

export const AreaCode = {
  /** Nothing executable was there when the process was looked at. */
  hole: 0,
  /** Code without tables: of a just-in-time compiler, of a file that has none. It keeps frame pointers, or has no callers to show. */
  framePointers: 1,
  /** Where functions return to that a uretprobe is on: the kernel knows the real return address. */
  trampoline: 2,
} as const;
/** Codes from here on are chunks. */
export const firstChunkCode = 8;

/** A power of two: half a million rows. Larger files are found by the process alone. */
export const FILE_CHUNKS: number = 1 << 6;
export const fileLayout: Readonly<Record<'key' | 'first' | 'size', number>> = {
  key: 16,
  first: FILE_CHUNKS * 8,
  size: FILE_CHUNKS * 8 + 8,
};

/** Files that are known before anything maps them. */
export const FILES = 1024;
