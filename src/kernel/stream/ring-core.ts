/**
 * Walking over the records of a BPF ring buffer: pure, over plain memory, no system calls.
 *
 * Layout (kernel/bpf/ringbuf.c, `struct bpf_ringbuf`): two u64 positions, counted in bytes since the
 * ring was made and never wrapped, on a page each, and `size` bytes of data that are mapped twice in a
 * row, so that no record is ever cut in two. At `position & (size - 1)` stands a header of 8 bytes: u32
 * length with two flags, u32 page offset that only the kernel uses. The data follows, padded to 8 bytes.
 *
 *   BUSY (bit 31)     reserved and not yet submitted: stop here
 *   DISCARD (bit 30)  given up by the program: skip
 *
 * Order of memory accesses. The kernel submits a record by an atomic exchange of the length word, after
 * it wrote the data. A reader that sees BUSY cleared must therefore not have read the data earlier. On
 * x86 and s390x the processor keeps loads in order, so plain loads of headers are right there, and twice
 * as fast; everywhere else each header is loaded by Atomics.load, which is an acquire. The positions are
 * always loaded and stored by Atomics on 64 bits at once: two 32-bit halves could be torn at each
 * multiple of 4 GiB, and the kernel would see a full ring for a moment and drop records.
 *
 * The consumer position has two jobs in the kernel: it says how much room there is, and it decides about
 * wake-ups (see pump.ts). So `drain` gives room back as it goes, but always keeps the position at the
 * start of the newest record it handed out, one record behind; only `settle` gives back everything.
 */
import { lengthPastProducer, positionsContradict, readerReentered } from './errors.ts';
import type { RecordMemory, RecordReader } from './record.ts';

const busyBit = 0x8000_0000;
const discardBit = 0x4000_0000;
const lengthMask = 0x3fff_ffff;
const headerSize = 8;

/** Architectures whose processors never reorder two loads. */
const loadsStayInOrder: boolean = ['x64', 'ia32', 's390x'].includes(process.arch);

/** Room is given back to the producers after that many bytes, or an eighth of a smaller ring. */
const commitQuantum = 64 * 1024;

/** What a reader would find next: nothing, a record that a program has not submitted yet, or a record. */
export type RingFront = 'empty' | 'writing' | 'ready';

export interface RingLayout {
  /** For messages: `ring buffer "events"`. */
  readonly what: string;
  /** Position page, writable, first 8 bytes. */
  readonly consumer: BigUint64Array;
  /** Position page of the kernel, first 8 bytes. */
  readonly producer: BigUint64Array;
  /** The data, twice in a row: `2 * size` bytes. */
  readonly data: RecordMemory;
  /** Bytes of data; a power of two. */
  readonly size: number;
  /** Whether plain loads of headers are enough. Default: by `process.arch`. */
  readonly loadsStayInOrder?: boolean;
}

export class RingCore {
  readonly size: number;
  readonly #what: string;
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  readonly #data: RecordMemory;
  readonly #plainLoads: boolean;
  readonly #quantum: number;
  /** Start of the next record to read; ahead of what the kernel knows (`#consumer`) while one is held back. */
  #position: bigint;
  #delivered = 0;
  #discarded = 0;
  #fill = 0;
  #draining = false;
  #stopping = false;

  constructor(layout: RingLayout) {
    this.size = layout.size;
    this.#what = layout.what;
    this.#consumer = layout.consumer;
    this.#producer = layout.producer;
    this.#data = layout.data;
    this.#plainLoads = layout.loadsStayInOrder ?? loadsStayInOrder;
    this.#quantum = Math.min(commitQuantum, layout.size >>> 3);
    this.#position = Atomics.load(layout.consumer, 0);
  }

  /** Records handed to readers since this object was made. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Records that programs reserved and gave up. They were never meant to be delivered. */
  get discarded(): number {
    return this.#discarded;
  }

  /** Share of the ring that was occupied when the last drain began, from 0 to 1. */
  get fill(): number {
    return this.#fill;
  }

  /** Whether a reader function is being called right now: the memory must not go away. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Called by a reader function: its record is the last one of this drain. */
  stop(): void {
    this.#stopping = this.#draining;
  }

  /**
   * Hands what is submitted now to `reader`, `limit` records at most, and returns how many that were.
   *
   * Ends at the first record that a program still writes. Records that arrive meanwhile wait for the next
   * call, so a fast producer cannot keep the caller here. A reader that throws has had its record.
   * Throws StreamError `corrupt` when a header or a position cannot be right; nothing is read past it.
   */
  drain(reader: RecordReader, limit: number = Number.POSITIVE_INFINITY): number {
    if (this.#draining) throw readerReentered(this.#what);
    const available = this.#available();
    this.#fill = available / this.size;
    if (available === 0) return 0;

    const data = this.#data;
    const words = data.words;
    const plainLoads = this.#plainLoads;
    const mask = this.size - 1;
    const quantum = this.#quantum;
    const start = this.#position;
    let offset = Number(start & BigInt(mask));
    let done = 0;
    let newest = 0;
    let committed = 0;
    let delivered = 0;
    let discarded = 0;
    this.#draining = true;
    try {
      while (done < available && delivered < limit) {
        const index = offset >>> 2;
        const header = plainLoads ? words[index]! : Atomics.load(words, index);
        if (header >= busyBit) break;
        const length = header & lengthMask;
        const step = (length + headerSize + 7) & ~7;
        if (step > available - done) {
          throw lengthPastProducer(this.#what, start + BigInt(done), length, available - done);
        }
        const at = offset + headerSize;
        newest = done;
        done += step;
        offset = (offset + step) & mask;
        if ((header & discardBit) === 0) {
          delivered++;
          reader(data, at, length);
          if (this.#stopping) break;
        } else {
          discarded++;
        }
        if (newest - committed >= quantum) {
          committed = newest;
          Atomics.store(this.#consumer, 0, BigInt.asUintN(64, start + BigInt(newest)));
        }
      }
    } finally {
      this.#draining = false;
      this.#stopping = false;
      this.#delivered += delivered;
      this.#discarded += discarded;
      if (done > 0) {
        this.#position = BigInt.asUintN(64, start + BigInt(done));
        Atomics.store(this.#consumer, 0, BigInt.asUintN(64, start + BigInt(newest)));
      }
    }
    return delivered;
  }

  /**
   * Gives everything back to the kernel, and tells what is at the front then.
   *
   * Unless the answer is `ready`, the next record that is submitted there wakes a poller: pump.ts has the
   * argument, which needs this order of store and loads, and needs them to be Atomics.
   */
  settle(): RingFront {
    Atomics.store(this.#consumer, 0, this.#position);
    if (this.#available() === 0) return 'empty';
    const offset = Number(this.#position & BigInt(this.size - 1));
    return Atomics.load(this.#data.words, offset >>> 2) >= busyBit ? 'writing' : 'ready';
  }

  /** Bytes between reader and producer, submitted or not. */
  #available(): number {
    const producer = Atomics.load(this.#producer, 0);
    const available = BigInt.asUintN(64, producer - this.#position);
    if (available > BigInt(this.size) || (available & 7n) !== 0n) {
      throw positionsContradict(this.#what, this.#position, producer, this.size);
    }
    return Number(available);
  }
}
