/**
 * What ring buffers and perf buffers have in common for those who read them.
 *
 * One stream has one reader at a time, in one of three forms: `consume` (a single look, records borrowed),
 * `each` (a function for each record as it comes, records borrowed), `batches` and `records` (async
 * iterables of decoded values). The iterables pull: while the loop's body works, nothing is read, records
 * stay in the kernel's buffer, and when that is full the program's `reserve` fails, which it counts.
 */
import { streamBusy, streamClosed } from './errors.ts';
import { Ledger, type LostCount, noLosses } from './ledger.ts';
import { type Clock, type Edges, type Progress, Pump, systemClock } from './pump.ts';
import { copyRecord, type RecordDecoder, type RecordReader } from './record.ts';
import type { RingFront } from './ring-core.ts';

/** The buffer under a stream. */
export interface RecordSource {
  /** For messages: `ring buffer "events"`. */
  readonly what: string;
  /** Records handed to readers so far. */
  readonly delivered: number;
  /** How full the buffer was when the last drain began, from 0 to 1. */
  readonly fill: number;
  /** Hands out what is there, `limit` records at most; returns how many. */
  drain(reader: RecordReader, limit?: number): number;
  /** Ends the drain that is under way after the record that is being read. */
  stop(): void;
  /** Gives all room back and tells what is at the front then. */
  settle(): RingFront;
  /** Unmaps. Called once, never from within `drain`. */
  release(): void;
}

export interface StreamOptions {
  /** Records that the kernel could not deliver. Default: nobody counts them. */
  readonly lost?: LostCount;
  readonly clock?: Clock;
}

export interface BatchOptions {
  /** Most records of one batch. Default 4096. */
  readonly size?: number;
}

/** Turns of the event loop end after that many records, so that timers and signals get their turn too. */
const turnLimit = 65_536;
const batchSize = 4096;
/** Fuller than that, and the next look does not wait for a timer. */
const highFill = 0.25;
/** How long `finish` waits for a record that a program began and did not submit. */
const finishPatience = 100;

export class RecordStream {
  readonly ledger: Ledger;
  readonly #source: RecordSource;
  readonly #pump: Pump;
  readonly #clock: Clock;
  #state: 'open' | 'finishing' | 'closed' = 'open';
  #reading = false;
  /** Ends the reader's wait when the stream closes. */
  #onClose: (() => void) | undefined;
  #inside = false;
  /** What the last batch found: it tells how to wait for the next one. */
  #lastProgress: Progress = 0;

  constructor(source: RecordSource, edges: Edges, options: StreamOptions = {}) {
    this.#source = source;
    this.#clock = options.clock ?? systemClock;
    this.#pump = new Pump(source, edges, this.#clock);
    this.ledger = new Ledger(() => source.delivered, options.lost ?? noLosses);
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** Wake-ups so far: by the kernel, and by the timer that replaces them under load. */
  get wakeups(): { readonly edges: number; readonly ticks: number } {
    return { edges: this.#pump.edgeCount, ticks: this.#pump.tickCount };
  }

  /**
   * One look: calls `reader` for each record that is there now, `limit` at most, and returns how many.
   *
   * Records are borrowed until the reader returns. For loops with their own pace; a reader that throws
   * ends the look, and its record counts as delivered. Throws StreamError `closed`, `busy`, `corrupt`.
   */
  consume(reader: RecordReader, limit: number = Number.POSITIVE_INFINITY): number {
    this.#begin();
    try {
      const count = this.#drain(reader, limit);
      if (!this.closed) this.#source.settle();
      return count;
    } finally {
      this.#reading = false;
    }
  }

  /**
   * Calls `reader` for each record as it comes, records borrowed. The promise resolves when the stream
   * is finished or closed or `signal` aborts, and rejects with what the reader throws.
   */
  each(reader: RecordReader, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#begin();
      const signal = options.signal;
      const stop = (): void => {
        this.#reading = false;
        this.#onClose = undefined;
        this.#pump.cancel();
        if (this.#inside) this.#source.stop();
        signal?.removeEventListener('abort', end);
      };
      const end = (): void => {
        stop();
        resolve();
      };
      this.#onClose = end;
      if (signal?.aborted) {
        end();
        return;
      }
      signal?.addEventListener('abort', end);
      const finished = this.#finishing();
      const turn = (): void => {
        try {
          const count = this.#drain(reader, turnLimit);
          if (!this.#reading) return;
          if (count === 0 && finished()) end();
          else this.#pump.wait(this.#progress(count, turnLimit), turn);
        } catch (error) {
          stop();
          reject(error);
        }
      };
      turn();
    });
  }

  /**
   * Batches of decoded values, as many as there are, each time the loop asks; never an empty batch.
   *
   * Default decoder: a copy of the bytes. The loop ends when the stream is finished or closed.
   */
  batches(decode?: undefined, options?: BatchOptions): AsyncIterableIterator<Uint8Array[]>;
  batches<T>(decode: RecordDecoder<T>, options?: BatchOptions): AsyncIterableIterator<T[]>;
  batches<T>(
    decode?: RecordDecoder<T>,
    options: BatchOptions = {},
  ): AsyncIterableIterator<T[]> | AsyncIterableIterator<Uint8Array[]> {
    const size = options.size ?? batchSize;
    return decode === undefined ? this.#batches(copyRecord, size) : this.#batches(decode, size);
  }

  /**
   * Decoded values one by one. Default decoder: a copy of the bytes.
   *
   * Records are fetched in batches. Leaving the loop early drops the rest of the batch, which the ledger
   * counts as dropped in user space; `{ size: 1 }` fetches only what is asked for.
   */
  records(decode?: undefined, options?: BatchOptions): AsyncIterableIterator<Uint8Array>;
  records<T>(decode: RecordDecoder<T>, options?: BatchOptions): AsyncIterableIterator<T>;
  records<T>(
    decode?: RecordDecoder<T>,
    options: BatchOptions = {},
  ): AsyncIterableIterator<T> | AsyncIterableIterator<Uint8Array> {
    const size = options.size ?? batchSize;
    return decode === undefined ? this.#records(copyRecord, size) : this.#records(decode, size);
  }

  /** No more records will come: readers get what is left, then end. To be called after detaching. */
  finish(): void {
    if (this.#state !== 'open') return;
    this.#state = 'finishing';
    this.#pump.nudge();
  }

  /**
   * Ends readers and unmaps. What is still unread counts as dropped in user space, so detach the programs
   * before: what they write later nobody counts. Idempotent; allowed within a reader function.
   */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    if (this.#inside) this.#source.stop();
    this.#pump.close();
    this.#onClose?.();
    if (!this.#inside) this.#release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #begin(): void {
    if (this.#state === 'closed') throw streamClosed(this.#source.what);
    if (this.#reading) throw streamBusy(this.#source.what);
    this.#reading = true;
  }

  #drain(reader: RecordReader, limit: number): number {
    this.#inside = true;
    try {
      return this.#source.drain(reader, limit);
    } finally {
      this.#inside = false;
      if (this.closed) this.#release();
    }
  }

  #release(): void {
    try {
      this.ledger.droppedHere(this.#source.drain(() => {}));
      this.#source.settle();
    } catch {
      // Corrupt, which the reader has been told already: there is nothing left to count.
    }
    this.ledger.freeze();
    this.#source.release();
  }

  #progress(count: number, limit: number): Progress {
    // No edge is waited for that might not come. Somebody still writes the last records: look again, but not for ever.
    if (this.#state === 'finishing') return count === 0 ? 'tick' : 'behind';
    return count === limit || this.#source.fill > highFill ? 'behind' : count;
  }

  /** Answers, when nothing was found, whether nothing will be. */
  #finishing(): () => boolean {
    let since: number | undefined;
    return () => {
      if (this.#state !== 'finishing') return false;
      const front = this.#source.settle();
      if (front !== 'writing') return front === 'empty';
      since ??= this.#clock.now();
      return this.#clock.now() - since > finishPatience;
    };
  }

  #batches<T>(decode: RecordDecoder<T>, size: number): AsyncIterableIterator<T[]> {
    return {
      next: () => this.#nextBatch(decode, size),
      return: () => this.#stopIterating(),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #records<T>(decode: RecordDecoder<T>, size: number): AsyncIterableIterator<T> {
    let batch: T[] = [];
    let next = 0;
    const advance = async (): Promise<IteratorResult<T, undefined>> => {
      const result = await this.#nextBatch(decode, size);
      if (result.done) return result;
      batch = result.value;
      next = 1;
      return { done: false, value: batch[0]! };
    };
    return {
      next: () => (next < batch.length ? Promise.resolve({ done: false, value: batch[next++]! }) : advance()),
      return: () => {
        this.ledger.droppedHere(batch.length - next);
        batch = [];
        next = 0;
        return this.#stopIterating();
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #nextBatch<T>(decode: RecordDecoder<T>, size: number): Promise<IteratorResult<T[], undefined>> {
    return new Promise((resolve, reject) => {
      if (this.closed) return resolve({ done: true, value: undefined });
      this.#begin();
      const finished = this.#finishing();
      const end = (): void => {
        this.#reading = false;
        this.#onClose = undefined;
        this.#pump.cancel();
      };
      this.#onClose = () => {
        end();
        resolve({ done: true, value: undefined });
      };
      const look = (): void => {
        const batch: T[] = [];
        let fetched = 0;
        try {
          const count = this.#drain((memory, offset, length) => {
            fetched++;
            batch.push(decode(memory.view, offset, length));
          }, size);
          this.#lastProgress = this.#progress(count, size);
          if (!this.#reading) {
            // The decoder closed the stream: the loop has ended, nobody will ask for this batch.
            this.ledger.droppedHere(fetched);
          } else if (count > 0) {
            end();
            resolve({ done: false, value: batch });
          } else if (finished()) {
            end();
            resolve({ done: true, value: undefined });
          } else {
            this.#pump.wait(this.#lastProgress, look);
          }
        } catch (error) {
          this.ledger.droppedHere(fetched);
          end();
          reject(error);
        }
      };
      // Even a full buffer is looked into from the event loop, or a fast producer would keep timers,
      // signals and other descriptors from ever being served.
      this.#pump.wait(this.#state === 'finishing' ? 'behind' : this.#lastProgress, look);
    });
  }

  #stopIterating(): Promise<{ done: true; value: undefined }> {
    this.#onClose?.();
    return Promise.resolve({ done: true, value: undefined });
  }
}
