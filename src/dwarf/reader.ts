/**
 * A piece of a section with a position, every access checked.
 *
 * Numbers are JavaScript's: addresses and offsets of programs are far below 2^53, and what is rounded there is as far
 * outside of everything as the exact value. Constants, which may be any 64 bits, are read as bigints.
 */
import { outside, tooMany } from './errors.ts';

const utf8 = new TextDecoder();
const TWO_32 = 2 ** 32;
/** Bytes of a LEB128 number: ten carry 64 bits; more is padding. */
const MAX_LEB = 16;

export class Reader {
  readonly bytes: Uint8Array;
  /** Offset of the first byte in the section. */
  readonly start: number;
  readonly section: string;
  readonly littleEndian: boolean;
  /** Index of the next byte. */
  at = 0;
  readonly #data: DataView;

  constructor(bytes: Uint8Array, start: number, section: string, littleEndian: boolean) {
    this.bytes = bytes;
    this.start = start;
    this.section = section;
    this.littleEndian = littleEndian;
    this.#data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Place in the section. */
  get offset(): number {
    return this.start + this.at;
  }

  get end(): number {
    return this.start + this.bytes.length;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Goes to a place of the section. */
  seek(offset: number): void {
    const at = offset - this.start;
    if (!(at >= 0 && at <= this.bytes.length)) throw outside(this.section, offset, 0, this.end);
    this.at = at;
  }

  skip(size: number): void {
    this.#take(size);
  }

  #take(size: number): number {
    const at = this.at;
    if (!(size >= 0 && at + size <= this.bytes.length))
      throw outside(this.section, this.offset, size, this.end);
    this.at = at + size;
    return at;
  }

  u8(): number {
    const at = this.at;
    if (at >= this.bytes.length) throw outside(this.section, this.offset, 1, this.end);
    this.at = at + 1;
    return this.bytes[at]!;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    return this.#data.getUint16(this.#take(2), this.littleEndian);
  }

  u24(): number {
    const at = this.#take(3);
    const [a, b, c] = [this.bytes[at]!, this.bytes[at + 1]!, this.bytes[at + 2]!];
    return this.littleEndian ? a | (b << 8) | (c << 16) : (a << 16) | (b << 8) | c;
  }

  u32(): number {
    return this.#data.getUint32(this.#take(4), this.littleEndian);
  }

  u64(): number {
    const at = this.#take(8);
    const first = this.#data.getUint32(at, this.littleEndian);
    const second = this.#data.getUint32(at + 4, this.littleEndian);
    return this.littleEndian ? second * TWO_32 + first : first * TWO_32 + second;
  }

  big64(): bigint {
    return this.#data.getBigUint64(this.#take(8), this.littleEndian);
  }

  /** An offset of 4 bytes, or of 8 in the 64-bit format. */
  word(wide: boolean): number {
    return wide ? this.u64() : this.u32();
  }

  /** An unsigned number of a size that a header names. */
  sized(size: number): number {
    switch (size) {
      case 1:
        return this.u8();
      case 2:
        return this.u16();
      case 4:
        return this.u32();
      case 8:
        return this.u64();
      default:
        throw outside(this.section, this.offset, size, this.end);
    }
  }

  uleb(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let unit = 128;
    for (let count = 1; count < MAX_LEB; count++, unit *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
    }
    throw tooMany(this.section, this.offset, 'bytes in a number', MAX_LEB);
  }

  sleb(): number {
    let value = 0;
    let unit = 1;
    for (let count = 0; count < MAX_LEB; count++) {
      const byte = this.u8();
      value += (byte & 0x7f) * unit;
      unit *= 128;
      if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - unit;
    }
    throw tooMany(this.section, this.offset, 'bytes in a number', MAX_LEB);
  }

  /** A LEB128 number with all of its 64 bits. */
  bigLeb(signed: boolean): bigint {
    let value = 0n;
    let shift = 0n;
    for (let count = 0; count < MAX_LEB; count++) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte >= 0x80) continue;
      return signed && (byte & 0x40) !== 0
        ? BigInt.asIntN(64, value - (1n << shift))
        : BigInt.asUintN(64, value);
    }
    throw tooMany(this.section, this.offset, 'bytes in a number', MAX_LEB);
  }

  skipLeb(): void {
    for (let count = 0; count < MAX_LEB; count++) if (this.u8() < 0x80) return;
    throw tooMany(this.section, this.offset, 'bytes in a number', MAX_LEB);
  }

  /** Borrowed. */
  take(size: number): Uint8Array {
    const at = this.#take(size);
    return this.bytes.subarray(at, at + size);
  }

  /** Text up to its NUL. */
  text(): string {
    const at = this.at;
    const end = this.bytes.indexOf(0, at);
    if (end < 0) throw outside(this.section, this.offset, this.bytes.length - at + 1, this.end);
    this.at = end + 1;
    return utf8.decode(this.bytes.subarray(at, end));
  }

  skipText(): void {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw outside(this.section, this.offset, this.bytes.length - this.at + 1, this.end);
    this.at = end + 1;
  }

  /** A part of this piece; `offset` is in the section. */
  part(offset: number, size: number): Reader {
    const at = offset - this.start;
    if (!(at >= 0 && size >= 0 && at + size <= this.bytes.length)) {
      throw outside(this.section, offset, size, this.end);
    }
    return new Reader(this.bytes.subarray(at, at + size), offset, this.section, this.littleEndian);
  }
}
