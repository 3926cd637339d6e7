/**
 * Output as bytes that grow until they are written: what printf and everything else prints into.
 *
 * Millions of events a second leave no time for strings. Digits are written one by one, text is copied byte for
 * byte, and one write(2) takes a whole batch.
 *
 * Text in this folder is a string of bytes, one character a byte (latin1), since what a script prints need not be
 * UTF-8; `utf8` takes text of our own. Data of other processes goes through `data`: as it is, or made safe where
 * the reader is a terminal.
 */
import { escapeBytes } from '../../text/escape.ts';

const zero = 0x30;
const minus = 0x2d;
const lowerDigits = '0123456789abcdef';
const upperDigits = '0123456789ABCDEF';
const twoTo32 = 0x1_0000_0000;
const billion = 1_000_000_000;

export class ByteBuffer {
  bytes: Uint8Array;
  length = 0;
  /** Whether `data` makes bytes safe for a terminal. */
  readonly escaping: boolean;

  constructor(options: { readonly escaping?: boolean; readonly capacity?: number } = {}) {
    this.escaping = options.escaping ?? false;
    this.bytes = new Uint8Array(options.capacity ?? 1024);
  }

  clear(): void {
    this.length = 0;
  }

  /** The bytes so far, borrowed. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** The bytes from `start` on as text, one character a byte. */
  latin1(start = 0): string {
    return Buffer.from(this.bytes.buffer, start, this.length - start).toString('latin1');
  }

  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Text of one byte a character. */
  text(latin1: string): void {
    const count = latin1.length;
    this.reserve(count);
    const bytes = this.bytes;
    let at = this.length;
    for (let i = 0; i < count; i++) bytes[at++] = latin1.charCodeAt(i);
    this.length = at;
  }

  utf8(text: string): void {
    this.copy(Buffer.from(text, 'utf8'));
  }

  copy(source: Uint8Array, from = 0, to: number = source.length): void {
    const count = to - from;
    this.reserve(count);
    const bytes = this.bytes;
    let at = this.length;
    // Short copies are quicker by hand than through a view.
    if (count < 48) for (let i = from; i < to; i++) bytes[at++] = source[i]!;
    else bytes.set(source.subarray(from, to), at);
    this.length += count;
  }

  /** Bytes that somebody else chose. */
  data(source: Uint8Array, from = 0, to: number = source.length): void {
    if (this.escaping) this.utf8(escapeBytes(source.subarray(from, to)));
    else this.copy(source, from, to);
  }

  /** The same for text of many lines, which stay lines. */
  dataLines(bytes: Uint8Array): void {
    if (!this.escaping) return this.copy(bytes);
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
      this.data(bytes, start, end);
      this.byte(0x0a);
      start = end + 1;
    }
    this.data(bytes, start);
  }

  /** The same as `data` for text of one byte a character. */
  dataText(latin1: string): void {
    if (this.escaping) this.utf8(escapeBytes(Buffer.from(latin1, 'latin1')));
    else this.text(latin1);
  }

  /** A number from 0 to 2^32 - 1 in decimal. */
  uint32(value: number): void {
    let count = 1;
    for (let bound = 10; count < 10 && value >= bound; bound *= 10) count++;
    this.#digits(value, count);
  }

  int32(value: number): void {
    if (value >= 0) return this.uint32(value);
    this.byte(minus);
    this.uint32(-value);
  }

  /** A 64-bit number in decimal, by its halves; both unsigned. */
  decimal(low: number, high: number, signed: boolean): void {
    if (high === 0) return this.uint32(low);
    if (signed && high >= 0x8000_0000) {
      this.byte(minus);
      const negated = low === 0 ? 0 : twoTo32 - low;
      const rest = (low === 0 ? twoTo32 - high : 0xffff_ffff - high) >>> 0;
      return this.decimal(negated, rest, false);
    }
    if (high < 0x20_0000) {
      const value = high * twoTo32 + low;
      const upper = Math.floor(value / billion);
      if (upper > 0xffff_ffff) return this.text(String(value));
      if (upper === 0) return this.uint32(value);
      this.uint32(upper);
      return this.#digits(value - upper * billion, 9);
    }
    this.text(((BigInt(high) << 32n) | BigInt(low)).toString());
  }

  hex(low: number, high: number, upper = false): void {
    const digits = upper ? upperDigits : lowerDigits;
    this.reserve(16);
    const bytes = this.bytes;
    let started = false;
    for (let shift = 60; shift >= 0; shift -= 4) {
      const nibble = shift >= 32 ? (high >>> (shift - 32)) & 15 : (low >>> shift) & 15;
      if (nibble !== 0) started = true;
      if (started || shift === 0) bytes[this.length++] = digits.charCodeAt(nibble);
    }
  }

  octal(low: number, high: number): void {
    if (high === 0) this.text(low.toString(8));
    else this.text(((BigInt(high) << 32n) | BigInt(low)).toString(8));
  }

  fill(count: number, byte: number): void {
    if (count <= 0) return;
    this.reserve(count);
    this.bytes.fill(byte, this.length, this.length + count);
    this.length += count;
  }

  /** Makes room for `count` times `byte` in front of what begins at `position`. */
  insert(position: number, count: number, byte: number): void {
    if (count <= 0) return;
    this.reserve(count);
    this.bytes.copyWithin(position + count, position, this.length);
    this.bytes.fill(byte, position, position + count);
    this.length += count;
  }

  /** Takes `count` bytes at `position` out. */
  remove(position: number, count: number): void {
    this.bytes.copyWithin(position, position + count, this.length);
    this.length -= count;
  }

  #digits(value: number, count: number): void {
    this.reserve(count);
    const bytes = this.bytes;
    let rest = value;
    let at = this.length + count;
    this.length = at;
    for (let i = 0; i < count; i++) {
      // Division of doubles and a truncation: exact below 2^32, and quicker than %.
      const next = (rest / 10) >>> 0;
      bytes[--at] = zero + (rest - next * 10);
      rest = next;
    }
  }
}
