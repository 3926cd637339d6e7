/**
 * Messages on a stream of bytes: `Content-Length: 17`, an empty line, and so many bytes of JSON. What comes in is not
 * trusted: heads and bodies have a largest size, and a body beyond it is passed over without being kept.
 */

/** There is no way to tell where the next message would begin. */
export class FramingError extends Error {
  override readonly name: string = 'FramingError';
}

export type Frame =
  | { readonly kind: 'message'; readonly text: string }
  /** A message that was too long, and is gone. */
  | { readonly kind: 'tooLong'; readonly length: number };

export interface FrameLimits {
  /** Bytes of a head. Default 4096. */
  readonly head?: number;
  /** Bytes of a body. Default 16 MiB. */
  readonly body?: number;
}

const headEnd = '\r\n\r\n';

export class FrameReader {
  readonly #mostHead: number;
  readonly #mostBody: number;
  #head = '';
  /** Of the body that is being read; undefined: in a head. */
  #length: number | undefined;
  #missing = 0;
  #chunks: Uint8Array[] = [];

  constructor(limits: FrameLimits = {}) {
    this.#mostHead = limits.head ?? 4096;
    this.#mostBody = limits.body ?? 16 * 1024 * 1024;
  }

  /** The messages that these bytes complete. Throws FramingError. */
  *push(bytes: Uint8Array): Generator<Frame> {
    let rest = bytes;
    while (rest.length > 0) {
      rest = this.#length === undefined ? this.#readHead(rest) : this.#readBody(rest);
      if (this.#length === undefined || this.#missing > 0) continue;
      const length = this.#length;
      this.#length = undefined;
      if (length > this.#mostBody) yield { kind: 'tooLong', length };
      else {
        const body = Buffer.concat(this.#chunks, length);
        this.#chunks = [];
        yield { kind: 'message', text: body.toString('utf8') };
      }
    }
  }

  #readHead(bytes: Uint8Array): Uint8Array {
    const before = this.#head.length;
    this.#head += Buffer.from(bytes.subarray(0, this.#mostHead + headEnd.length)).toString('latin1');
    const end = this.#head.indexOf(headEnd, Math.max(0, before - headEnd.length));
    if (end < 0 ? this.#head.length > this.#mostHead : end > this.#mostHead) {
      throw new FramingError(`no end of a message's head in ${this.#mostHead} bytes`);
    }
    if (end < 0) return bytes.subarray(bytes.length);
    this.#length = lengthIn(this.#head.slice(0, end));
    this.#missing = this.#length;
    this.#head = '';
    return bytes.subarray(end + headEnd.length - before);
  }

  #readBody(bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, this.#missing);
    if (this.#length! <= this.#mostBody) this.#chunks.push(part);
    this.#missing -= part.length;
    return bytes.subarray(part.length);
  }
}

function lengthIn(head: string): number {
  for (const line of head.split('\r\n')) {
    const [, name, value] = /^([^:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name?.toLowerCase() !== 'content-length') continue;
    if (/^\d{1,15}$/.test(value!)) {
      const length = Number(value);
      if (length > 0) return length;
    }
    throw new FramingError(`Content-Length is no size: ${value!.slice(0, 40)}`);
  }
  throw new FramingError('a message without Content-Length');
}

export function frame(message: object): Uint8Array {
  const body = Buffer.from(JSON.stringify(message), 'utf8');
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`, 'latin1'), body]);
}
