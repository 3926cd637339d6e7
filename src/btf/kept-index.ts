/**
 * What the pass over a kernel's BTF found, as bytes: a later process reads them instead of making the pass.
 *
 * A header, where each record starts, and the hash of each record's name, all as words of this machine. It says of
 * which BTF it is only by sizes: whoever keeps it names it after the kernel.
 */
const MAGIC = 0x62744678;
const VERSION = 1;
const HEADER_WORDS = 6;

/** The BTF that an index is of. */
export interface Measures {
  readonly firstId: number;
  /** Words of the type section. */
  readonly words: number;
  /** One past the last string offset. */
  readonly stringsEnd: number;
}

export interface KeptIndex {
  /** Word where the record of each type begins. */
  readonly starts: Uint32Array;
  /** `hashOfName` of each type's name. */
  readonly hashes: Uint32Array;
}

export function encodeIndex({ starts, hashes }: KeptIndex, of: Measures): Uint8Array {
  const words = new Uint32Array(HEADER_WORDS + 2 * starts.length);
  words.set(header(starts.length, of));
  words.set(starts, HEADER_WORDS);
  words.set(hashes, HEADER_WORDS + starts.length);
  return new Uint8Array(words.buffer);
}

/** Undefined if it is of another BTF, or no index at all. */
export function decodeIndex(bytes: Uint8Array, of: Measures): KeptIndex | undefined {
  if (bytes.length % 4 !== 0 || bytes.length < 4 * HEADER_WORDS) return undefined;
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
  const count = (words.length - HEADER_WORDS) / 2;
  if (header(count, of).some((word, at) => words[at] !== word)) return undefined;
  const starts = words.subarray(HEADER_WORDS, HEADER_WORDS + count);
  if (count > 0 && starts[count - 1]! + 3 > of.words) return undefined;
  return { starts, hashes: words.subarray(HEADER_WORDS + count) };
}

function header(count: number, { firstId, words, stringsEnd }: Measures): readonly number[] {
  return [MAGIC, VERSION, count, firstId, words, stringsEnd];
}
