/** A piece of an ELF file, read in the file's byte order and word size, with every access checked. */
import { outside, unterminated } from './errors.ts';
import { MAX_NAME } from './limits.ts';

const utf8 = new TextDecoder();

export class ElfView {
  readonly bytes: Uint8Array;
  /** Where the piece starts in the file, for errors. */
  readonly start: number;
  /** What the piece is, for errors. */
  readonly what: string;
  readonly littleEndian: boolean;
  /** ELF class 64. */
  readonly wide: boolean;
  readonly #data: DataView;

  constructor(bytes: Uint8Array, start: number, what: string, littleEndian: boolean, wide: boolean) {
    this.bytes = bytes;
    this.start = start;
    this.what = what;
    this.littleEndian = littleEndian;
    this.wide = wide;
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  /** Throws ElfError `bounds` unless `size` bytes from `at` are inside. */
  check(at: number, size: number): void {
    if (!(at >= 0 && size >= 0 && at + size <= this.bytes.length)) {
      throw outside('a field', this.start + at, size, this.what, this.bytes.length);
    }
  }

  u8(at: number): number {
    this.check(at, 1);
    return this.#data.getUint8(at);
  }

  u16(at: number): number {
    this.check(at, 2);
    return this.#data.getUint16(at, this.littleEndian);
  }

  u32(at: number): number {
    this.check(at, 4);
    return this.#data.getUint32(at, this.littleEndian);
  }

  /** A word of the file's class (4 or 8 bytes), exact: addresses and values. */
  word(at: number): bigint {
    if (!this.wide) return BigInt(this.u32(at));
    this.check(at, 8);
    return this.#data.getBigUint64(at, this.littleEndian);
  }

  /**
   * A word of the file's class as a number: offsets and sizes. From 2^53 on it is rounded, which is as far
   * outside of any file as the exact value.
   */
  size(at: number): number {
    if (!this.wide) return this.u32(at);
    this.check(at, 8);
    const first = this.#data.getUint32(at, this.littleEndian);
    const second = this.#data.getUint32(at + 4, this.littleEndian);
    return this.littleEndian ? second * 2 ** 32 + first : first * 2 ** 32 + second;
  }

  /**
   * The bytes of the string that starts at `at`, without its NUL; borrowed.
   * Throws ElfError `bounds` outside of the piece, or without an end within 65,536 bytes.
   */
  stringBytes(at: number): Uint8Array {
    this.check(at, 1);
    const within = this.bytes.subarray(at, at + MAX_NAME + 1);
    const end = within.indexOf(0);
    if (end < 0) throw unterminated(this.start + at, this.what);
    return within.subarray(0, end);
  }

  /** The same as text; bytes that are not UTF-8 become U+FFFD, so compare bytes where names must be exact. */
  string(at: number): string {
    return utf8.decode(this.stringBytes(at));
  }

  /** A part of this piece. */
  part(at: number, size: number, what: string = this.what): ElfView {
    this.check(at, size);
    return new ElfView(
      this.bytes.subarray(at, at + size),
      this.start + at,
      what,
      this.littleEndian,
      this.wide,
    );
  }
}
