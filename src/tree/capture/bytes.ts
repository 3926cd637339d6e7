/**
 * Growing and shrinking byte strings: what the columns of a capture are written into and read from.
 *
 * Numbers of 64 bits are two halves of 32 bits, because big integers cost ten times as much. A variable-length
 * number (LEB128) has seven bits in each byte, the low ones first; the top bit says that another byte follows.
 */
import { damaged, truncated } from './errors.ts';

export class ByteWriter {
  #bytes: Uint8Array = new Uint8Array(4096);
  #length = 0;

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  put(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A number of up to 53 bits. */
  varint(value: number): void {
    if (value <= 0x7f) this.byte(value);
    else this.varint64(value >>> 0, Math.floor(value / 0x1_0000_0000));
  }

  /** A number of 64 bits, in halves. */
  varint64(low: number, high: number): void {
    this.#reserve(10);
    const bytes = this.#bytes;
    let at = this.#length;
    let [lo, hi] = [low >>> 0, high >>> 0];
    while (hi !== 0 || lo > 0x7f) {
      bytes[at++] = (lo & 0x7f) | 0x80;
      lo = ((lo >>> 7) | (hi << 25)) >>> 0;
      hi >>>= 7;
    }
    bytes[at++] = lo;
    this.#length = at;
  }

  /** What was written, borrowed: later writing may change it. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #base: number;
  #at = 0;
  /** The halves of what `varint64` read last. */
  low = 0;
  high = 0;

  /** @param base what errors call the first byte. */
  constructor(bytes: Uint8Array, base: number) {
    this.#bytes = bytes;
    this.#base = base;
  }

  get offset(): number {
    return this.#base + this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) throw truncated(this.offset, 'a number', 1, 0);
    return this.#bytes[this.#at++]!;
  }

  take(length: number, what: string): Uint8Array {
    if (length > this.left) throw truncated(this.offset, what, length, this.left);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A number that must fit into 32 bits: a count, a length, an index. */
  varint(what: string): number {
    const start = this.offset;
    this.varint64();
    if (this.high !== 0) throw damaged(start, `${what} is beyond all that a capture can hold`);
    return this.low;
  }

  /** Reads a number of 64 bits into `low` and `high`. */
  varint64(): void {
    const bytes = this.#bytes;
    const first = bytes[this.#at];
    if (first !== undefined && first < 0x80) {
      this.low = first;
      this.high = 0;
      this.#at += 1;
      return;
    }
    const start = this.offset;
    let [low, high] = [0, 0];
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      const bits = byte & 0x7f;
      // The tenth byte has one bit left.
      if (shift === 63 && byte > 1) throw damaged(start, 'a number has more than 64 bits');
      if (shift < 32) low |= bits << shift;
      if (shift > 24) high |= shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32);
      if (byte < 0x80) break;
    }
    this.low = low >>> 0;
    this.high = high >>> 0;
  }
}
