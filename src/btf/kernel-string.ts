const NON_ASCII = /[\x80-\xff]/;

/**
 * The text of a `char` array as the kernel gave it: any bytes but zero, often but not always UTF-8.
 *
 * The bytes are kept, so that nothing is lost before someone decides how to show them; `toString` is for that
 * and replaces what is not UTF-8. Control characters are not escaped here: that is for whoever writes
 * to a terminal. Compare with `equals`: two objects of the same text are not `===`.
 */
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

  /** A copy. */
  get bytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#latin1.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.#latin1.charCodeAt(i);
    return bytes;
  }

  get byteLength(): number {
    return this.#latin1.length;
  }

  equals(other: KernelString | string): boolean {
    return typeof other === 'string' ? this.toString() === other : this.#latin1 === other.#latin1;
  }

  /** As UTF-8; bytes that are not become U+FFFD. */
  toString(): string {
    return textOf(this.#latin1);
  }

  toJSON(): string {
    return this.toString();
  }

  static {
    // What `console.log` shows; escaped, because it goes to a terminal.
    Object.defineProperty(KernelString.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: KernelString): string {
        return JSON.stringify(this.toString()).replace(
          /[\x7f-\x9f]/g,
          (c) => `\\x${c.charCodeAt(0).toString(16)}`,
        );
      },
    });
  }
}

/** The text up to the first zero, at most `length` bytes, as UTF-8 with U+FFFD for what is not. */
export function readText(view: DataView, offset: number, length: number): string {
  return textOf(latin1Until0(view, offset, length));
}

function textOf(latin1: string): string {
  return NON_ASCII.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1;
}

function latin1Until0(view: DataView, offset: number, length: number): string {
  const end = offset + length;
  if (length <= 64) {
    const characters: number[] = [];
    for (let at = offset; at < end; at++) {
      const byte = view.getUint8(at);
      if (byte === 0) break;
      characters.push(byte);
    }
    return String.fromCharCode.apply(null, characters);
  }
  let stop = offset;
  while (stop < end && view.getUint8(stop) !== 0) stop++;
  return Buffer.from(view.buffer, view.byteOffset + offset, stop - offset).toString('latin1');
}
