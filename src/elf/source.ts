/** Where the bytes of a file come from; reading them is the caller's business, formats make no system calls. */
import { outside, shortRead } from './errors.ts';

/**
 * A file that is read in pieces. `read` gives exactly `length` bytes from `offset`, or fewer where the file
 * has become shorter than `size`; both are non-negative integers below 2^53 and lie within `size` together.
 * What it returns may be borrowed: it is not written to, and kept only until the file is let go.
 */
export interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
}

/** A source over bytes in memory. Nothing is copied. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

/** Reads a range of a source, checked against its size first. Throws ElfError `bounds` or `short`. */
export function readRange(source: ByteSource, what: string, offset: number, length: number): Uint8Array {
  if (!(offset >= 0 && length >= 0 && offset + length <= source.size)) {
    throw outside(what, offset, length, 'the file', source.size);
  }
  if (length === 0) return new Uint8Array(0);
  const bytes = source.read(offset, length);
  if (bytes.length !== length) throw shortRead(offset, length, bytes.length);
  return bytes;
}
