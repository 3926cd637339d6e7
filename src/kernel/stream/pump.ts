/**
 * When to look into a stream again: no lost wake-up, no wake-up per record under load, no timer when idle.
 *
 * What the kernel does (kernel/bpf/ringbuf.c, bpf_ringbuf_commit). A program that submits record R
 *   (1) exchanges R's header, which clears BUSY and is a full barrier, then
 *   (2) loads the consumer position, and
 *   (3) wakes pollers only if that position is exactly the start of R.
 * So a reader that is behind is not woken again for each record: the kernel believes it is still reading.
 *
 * Under load we use that. Draining leaves the consumer position at the start of the newest record it read
 * (ring-core.ts): one record behind. No later record starts there, so step 3 never wakes anybody and a
 * submission costs the program next to nothing. We come back by ourselves, a millisecond later.
 *
 * Before going to sleep we must be woken again, so `settle`
 *   (a) stores the consumer position behind the newest record, sequentially consistent, then
 *   (b) loads the producer position, and, if a record is there,
 *   (c) loads its header.
 * Let R be the next record, starting where the position of (a) points. Either (a) comes before (2) in the
 * single order that the two full barriers give, then step 3 compares equal and wakes us; or (2) comes
 * before (a), then R's header was written before (c) and the producer moved before (b), so (b) and (c) see
 * R and we read on instead of sleeping. A record that is still being written at (c) has (1) and (2) ahead of
 * it, after (a): it wakes us as well, so there is no reason to look at it again before that. With a plain
 * store in (a) both could miss each other: the store may sit in the store buffer while the loads pass.
 *
 * The wake-up itself is taken edge-triggered (edges.ts). A level-triggered poll would report the ring
 * readable for as long as one record is held back or being written, and spin.
 *
 * Example: a program submits 5,000,000 records a second. The first one wakes us. We find a few, go back
 * to sleep, are woken at once: two wake-ups within a millisecond, so we change to timer ticks. Each tick reads
 * about 5,000 records, without any wake-up. When a tick finds nothing, we settle and sleep: no timer runs
 * any more. A program that submits ten records a second wakes us ten times, and no timer is ever set.
 */
import type { RingFront } from './ring-core.ts';

export interface PumpSource {
  settle(): RingFront;
}

/** Calls back whenever the kernel signals, from the first `start` until `close`. */
export interface Edges {
  start(onEdge: () => void): void;
  /** Whether the process stays alive for the next edge. */
  hold(alive: boolean): void;
  close(): void;
}

/** The clock and the timers, so that tests can turn time by hand. */
export interface Clock {
  now(): number;
  soon(callback: () => void): () => void;
  later(callback: () => void, milliseconds: number): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  soon: (callback) => {
    const immediate = setImmediate(callback);
    return () => clearImmediate(immediate);
  },
  later: (callback, milliseconds) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Two wake-ups within that time, or that many records found by one, mean load. */
const loadInterval = 1;
const loadRecords = 64;
/** A tick that finds fewer records ends the ticking: 2,000 wake-ups a second are cheaper than they sound. */
const fewRecords = 2;
const tick = 1;

/**
 * `behind`: there is much to read, come back at once. `tick`: come back by the timer in any case. Otherwise how
 * many records were read since the last wait.
 */
export type Progress = 'behind' | 'tick' | number;

export class Pump {
  readonly #source: PumpSource;
  readonly #edges: Edges;
  readonly #clock: Clock;
  /** Come back by a timer instead of sleeping until the next edge. */
  #ticking = false;
  /** The last wake-up was the timer's, so what it found tells whether to go on with it. */
  #ticked = false;
  #started = false;
  #edgeAt = Number.NEGATIVE_INFINITY;
  #wake: (() => void) | undefined;
  #cancel: (() => void) | undefined;
  /** Wake-ups by the kernel and by ourselves, for tests and statistics. */
  #edgeCount = 0;
  #tickCount = 0;

  constructor(source: PumpSource, edges: Edges, clock: Clock = systemClock) {
    this.#source = source;
    this.#edges = edges;
    this.#clock = clock;
  }

  get edgeCount(): number {
    return this.#edgeCount;
  }

  get tickCount(): number {
    return this.#tickCount;
  }

  /** Calls `wake` once, later, when there may be records. One wait at a time; never calls back synchronously. */
  wait(progress: Progress, wake: () => void): void {
    this.#wake = wake;
    if (progress === 'behind') {
      this.#soon();
      return;
    }
    if (progress !== 'tick') {
      if (progress >= loadRecords) this.#ticking = true;
      else if (this.#ticked && progress < fewRecords) this.#ticking = false;
    }
    this.#ticked = false;
    if (this.#ticking || progress === 'tick') {
      this.#cancel = this.#clock.later(() => {
        this.#tickCount++;
        this.#ticked = true;
        this.#fire();
      }, tick);
      return;
    }
    // Start to listen before the look that decides about sleeping.
    if (!this.#started) {
      this.#started = true;
      this.#edges.start(() => this.#onEdge());
    }
    if (this.#source.settle() === 'ready') {
      // Arrived since the last look, microseconds ago: that is load.
      this.#ticking = true;
      this.#soon();
    } else {
      this.#edges.hold(true);
    }
  }

  /** Wakes the one who waits, without an edge: what it waits for will not come, or it should look now. */
  nudge(): void {
    if (this.#wake === undefined) return;
    this.#cancelTimer();
    this.#soon();
  }

  /** Nobody waits any more. Edges that come now are ignored: the next wait looks for itself. */
  cancel(): void {
    this.#cancelTimer();
    this.#wake = undefined;
    if (this.#started) this.#edges.hold(false);
  }

  close(): void {
    this.cancel();
    this.#edges.close();
  }

  #soon(): void {
    this.#cancel = this.#clock.soon(() => this.#fire());
  }

  #cancelTimer(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #onEdge(): void {
    this.#edgeCount++;
    const now = this.#clock.now();
    if (now - this.#edgeAt < loadInterval) this.#ticking = true;
    this.#edgeAt = now;
    // With a timer set the records are fetched by it.
    if (this.#wake !== undefined && this.#cancel === undefined) this.#fire();
  }

  #fire(): void {
    const wake = this.#wake;
    this.#cancel = undefined;
    this.#wake = undefined;
    if (this.#started) this.#edges.hold(false);
    wake?.();
  }
}
