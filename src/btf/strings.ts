import { stringPastEnd } from './errors.ts';

/**
 * The string section, with that of the base before it when the BTF is split.
 *
 * Names in BTF are bytes that end at a zero; the kernel allows printable characters only, so each byte is read as
 * one character (latin1) and no byte is lost.
 */
export class Strings {
  readonly own: Uint8Array;
  /** Strings of the base; empty without one. Offsets below its length belong to it. */
  readonly base: Uint8Array;
  /** One past the last valid offset. */
  readonly end: number;
  readonly #own: Buffer;
  readonly #base: Buffer;

  constructor(own: Uint8Array, base: Uint8Array) {
    this.own = plain(own);
    this.base = plain(base);
    this.end = base.length + own.length;
    this.#own = Buffer.from(own.buffer, own.byteOffset, own.byteLength);
    this.#base = Buffer.from(base.buffer, base.byteOffset, base.byteLength);
  }

  /** Throws `BtfError` when the offset is outside of the sections. */
  text(offset: number): string {
    if (offset === 0) return '';
    const inBase = offset < this.base.length;
    const start = inBase ? offset : offset - this.base.length;
    const bytes = inBase ? this.#base : this.#own;
    if (start >= bytes.length) throw stringPastEnd(offset, this.end);
    let stop = start;
    while (bytes[stop] !== 0) stop++;
    return bytes.toString('latin1', start, stop);
  }

  /** Every own string that has `part` in it. */
  *holding(part: string): Generator<string> {
    for (let at = this.#own.indexOf(part, 0, 'latin1'); at >= 0; ) {
      const start = this.#own.lastIndexOf(0, at) + 1;
      const end = this.#own.indexOf(0, at);
      const stop = end < 0 ? this.#own.length : end;
      yield this.#own.toString('latin1', start, stop);
      at = this.#own.indexOf(part, stop, 'latin1');
    }
  }

  /** A hash of the string at each of the offsets, which must be valid: `hashOfName` of its text. */
  hashes(offsets: Uint32Array): Uint32Array {
    const { own, base } = this;
    const baseLength = base.length;
    const hashes = new Uint32Array(offsets.length);
    for (let i = 0; i < offsets.length; i++) {
      const offset = offsets[i]!;
      const inBase = offset < baseLength;
      const bytes = inBase ? base : own;
      let hash = 0;
      for (let at = inBase ? offset : offset - baseLength; ; at++) {
        const byte = bytes[at];
        if (byte === 0 || byte === undefined) break;
        hash = (Math.imul(hash, 31) + byte) | 0;
      }
      hashes[i] = hash;
    }
    return hashes;
  }

  /** Whether the string at the offset, which must be valid, is `name` with one byte a character. */
  equals(offset: number, name: string): boolean {
    const inBase = offset < this.base.length;
    const bytes = inBase ? this.base : this.own;
    const start = inBase ? offset : offset - this.base.length;
    for (let i = 0; i < name.length; i++) {
      if (bytes[start + i] !== name.charCodeAt(i)) return false;
    }
    return bytes[start + name.length] === 0;
  }
}

/**
 * The same bytes, never as a Buffer: a loop over one kind of array after the other is compiled again, which costs
 * the hashes of a kernel's names twice their time.
 */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function hashOfName(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
  return hash >>> 0;
}

export function isLatin1(name: string): boolean {
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) > 0xff) return false;
  return true;
}
