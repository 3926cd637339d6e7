/**
 * Text that came from the kernel or from another process: bytes that nobody has vouched for.
 *
 * The bytes are kept exactly; two names that differ in one invalid byte stay two names. `toString` is for
 * people and safe on every terminal (see escape.ts): control characters and bytes that are not UTF-8 are
 * escaped. Compare with `equals`: two objects of the same text are not `===`.
 */
import { escapeBytes } from './escape.ts';

export class KernelString {
  /** One character a byte: as exact as an array of bytes, and three times cheaper to make. */
  readonly #latin1: string;

  private constructor(latin1: string) {
    this.#latin1 = latin1;
  }

  static from(bytes: Uint8Array): KernelString {
    return new KernelString(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'));
  }

  /** The bytes up to the first zero, at most `length`; they must lie inside of the view. */
  static read(view: DataView, offset: number, length: number): KernelString {
    return new KernelString(latin1Until0(view, offset, length));
  }

  /** A copy of the bytes, without the terminating zero. */
  get bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#latin1.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#latin1.charCodeAt(i);
    return bytes;
  }

  get byteLength(): number {
    return this.#latin1.length;
  }

  /** True for the same bytes; a string is compared by its UTF-8 bytes. */
  equals(other: KernelString | string): boolean {
    const bytes = typeof other === 'string' ? Buffer.from(other, 'utf8').toString('latin1') : other.#latin1;
    return this.#latin1 === bytes;
  }

  /** The text for people: printable UTF-8 as it is, everything else escaped. */
  toString(): string {
    return plain.test(this.#latin1) ? this.#latin1 : escapeBytes(this.bytes);
  }

  /** The raw text, for programs that know what they do: invalid UTF-8 becomes U+FFFD, controls stay. */
  get text(): string {
    return Buffer.from(this.#latin1, 'latin1').toString('utf8');
  }

  toJSON(): string {
    return this.toString();
  }

  static {
    // What `console.log` and `util.inspect` show.
    Object.defineProperty(KernelString.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: KernelString): string {
        return this.toString();
      },
    });
  }
}

/** Printable ASCII without the backslash needs no escaping. */
const plain = /^[\x20-\x5b\x5d-\x7e]*$/;

function latin1Until0(view: DataView, offset: number, length: number): string {
  const end = offset + length;
  if (length > 64) {
    let stop = offset;
    while (stop < end && view.getUint8(stop) !== 0) stop++;
    return Buffer.from(view.buffer, view.byteOffset + offset, stop - offset).toString('latin1');
  }
  const characters: number[] = [];
  for (let at = offset; at < end; at++) {
    const byte = view.getUint8(at);
    if (byte === 0) break;
    characters.push(byte);
  }
  return String.fromCharCode.apply(null, characters);
}
