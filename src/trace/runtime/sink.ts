/** Where a script's output goes: gathered in memory, written a batch at a time. */
import type { Output } from '../../text/output.ts';
import { ByteBuffer } from '../print/byte-buffer.ts';

export type Buffering = 'line' | 'full' | 'none';

export interface SinkOptions {
  /** The reader is a terminal. Default false. */
  readonly escaping?: boolean;
  /** Default `line`: whatever is there when the events of one wake-up are done. */
  readonly buffering?: Buffering;
}

/** More than this is written at once: less would cost a call each, more would only fill the cache. */
const batch = 64 * 1024;

export class Sink {
  readonly buffer: ByteBuffer;
  readonly #output: Output;
  readonly #buffering: Buffering;

  constructor(output: Output, options: SinkOptions = {}) {
    this.#output = output;
    this.#buffering = options.buffering ?? 'line';
    this.buffer = new ByteBuffer({ escaping: options.escaping ?? false, capacity: 2 * batch });
  }

  /** After each piece of output. Throws OutputClosedError or OutputError. */
  wrote(): void {
    if (this.buffer.length >= batch || this.#buffering === 'none') this.flush();
  }

  /** When there is nothing to do for the moment. */
  idle(): void {
    if (this.#buffering !== 'full') this.flush();
  }

  flush(): void {
    if (this.buffer.length === 0) return;
    const view = this.buffer.view();
    this.buffer.clear();
    this.#output.bytes(view);
  }
}
