/**
 * What readers of kernel streams get to see: a place in memory that the kernel wrote.
 *
 * A record is borrowed. It lives in a mapping that the kernel writes to again as soon as the record is
 * given back, which happens when the reader function returns. Keep numbers that were read, or a copy
 * (`copyRecord`); never keep the memory itself. Ring buffers are mapped read-only: writing to a borrowed
 * record ends the process by SIGSEGV.
 */

/** One mapping under three views of the same bytes. All offsets that readers get count from byte 0 of each. */
export interface RecordMemory {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** In the byte order of the machine; index by `offset >>> 2` (records start at multiples of 4 at least). */
  readonly words: Uint32Array;
}

/** Reads one borrowed record of `length` bytes at `offset`. */
export type RecordReader = (memory: RecordMemory, offset: number, length: number) => void;

/** Makes a value that outlives the record. Decoders compiled from BTF have this shape. */
export type RecordDecoder<T> = (view: DataView, offset: number, length: number) => T;

/** Views of `length` bytes from `start` on, both multiples of 4. */
export function recordMemory(
  buffer: ArrayBuffer,
  start = 0,
  length: number = buffer.byteLength - start,
): RecordMemory {
  return {
    view: new DataView(buffer, start, length),
    bytes: new Uint8Array(buffer, start, length),
    words: new Uint32Array(buffer, start, length / 4),
  };
}

/** A copy of a record's bytes, for keeping: the decoder for streams whose type is not known. */
export function copyRecord(view: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice();
}

/** Memory of no bytes: what a closed stream holds, so that nothing can reach into an unmapped page. */
export const noMemory: RecordMemory = recordMemory(new ArrayBuffer(0));
