/**
 * Walking over the records of one CPU's perf buffer: pure, over plain memory, no system calls.
 *
 * Layout (include/uapi/linux/perf_event.h, `struct perf_event_mmap_page`): on the first page the u64
 * positions `data_head` at 0x400, which the kernel writes, and `data_tail` at 0x408, which we do; both count
 * bytes for ever. Then the data, a power of two. Each record has a header of 8 bytes (u32 type, u16 misc,
 * u16 size with the header) and lies at a multiple of 8, so a header is never cut in two, but a record may be:
 * one that crosses the end is put together in a buffer of our own.
 *
 *   SAMPLE (9)   u32 size, then the data with its padding: programs send any length, the kernel pads the
 *                record to 8 bytes and counts the padding as data, whose bytes are left over from earlier
 *                records. `recordSize` cuts them off where the length is known.
 *   LOST (2)     u64 id, u64 how many records there was no room for
 *
 * The head is loaded by Atomics, an acquire on every architecture, and all records before it are complete;
 * so, unlike in a ring buffer, headers need no care of their own.
 */
import { badPerfRecord, badPerfSample, positionsContradict, readerReentered } from './errors.ts';
import { type RecordMemory, type RecordReader, recordMemory } from './record.ts';

const typeLost = 2;
const typeSample = 9;
const headerSize = 8;
/** A record's size has 16 bits. */
const maxRecord = 65_536;
const commitQuantum = 64 * 1024;
const littleEndian: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export interface PerfLayout {
  /** For messages: `perf buffer "events" of CPU 3`. */
  readonly what: string;
  /** The two positions: head at index 0, tail at index 1. */
  readonly positions: BigUint64Array;
  readonly data: RecordMemory;
  /** Bytes of data; a power of two. */
  readonly size: number;
  /** Bytes that each record really has, where that is known. Default: what the header says, padding included. */
  readonly recordSize?: number;
}

export class PerfCore {
  readonly size: number;
  readonly #layout: PerfLayout;
  #tail: bigint;
  #delivered = 0;
  #lost = 0n;
  #fill = 0;
  #draining = false;
  #stopping = false;
  #scratch: RecordMemory | undefined;

  constructor(layout: PerfLayout) {
    this.size = layout.size;
    this.#layout = layout;
    this.#tail = Atomics.load(layout.positions, 1);
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** Records that the kernel said it had no room for. It says so when there is room again. */
  get lost(): bigint {
    return this.#lost;
  }

  /** Share of the buffer that was occupied when the last drain began, from 0 to 1. */
  get fill(): number {
    return this.#fill;
  }

  /** Called by a reader function: its record is the last one of this drain. */
  stop(): void {
    this.#stopping = this.#draining;
  }

  /** Whether there is anything to read now. */
  ready(): boolean {
    return this.#available() > 0;
  }

  /**
   * Hands what is there now to `reader`, `limit` records at most, and returns how many that were. A reader
   * that throws has had its record. Throws StreamError `corrupt` for sizes that cannot be.
   */
  drain(reader: RecordReader, limit: number = Number.POSITIVE_INFINITY): number {
    const { what, data, positions, recordSize } = this.#layout;
    if (this.#draining) throw readerReentered(what);
    const available = this.#available();
    this.#fill = available / this.size;
    if (available === 0) return 0;
    const words = data.words;
    const mask = this.size - 1;
    const start = this.#tail;
    let offset = Number(start & BigInt(mask));
    let done = 0;
    let committed = 0;
    let delivered = 0;
    this.#draining = true;
    try {
      while (done < available && delivered < limit) {
        const type = words[offset >>> 2]!;
        const second = words[(offset >>> 2) + 1]!;
        const size = littleEndian ? second >>> 16 : second & 0xffff;
        if (size < headerSize || (size & 7) !== 0 || size > available - done) {
          throw badPerfRecord(what, start + BigInt(done), size, available - done);
        }
        let memory = data;
        let at = offset;
        if (offset + size > this.size) {
          memory = this.#joined(offset, size);
          at = 0;
        }
        if (type === typeSample) {
          const length = size >= headerSize + 8 ? memory.words[(at + headerSize) >>> 2]! : 0;
          if (length > size - headerSize - 4) {
            throw badPerfSample(what, start + BigInt(done), length, size - headerSize - 4);
          }
          done += size;
          delivered++;
          reader(
            memory,
            at + headerSize + 4,
            recordSize === undefined || recordSize > length ? length : recordSize,
          );
        } else {
          if (type === typeLost && size >= headerSize + 16) {
            const word = (at + headerSize + 8) >>> 2;
            const [low, high] = littleEndian ? [word, word + 1] : [word + 1, word];
            this.#lost += (BigInt(memory.words[high]!) << 32n) | BigInt(memory.words[low]!);
          }
          done += size;
        }
        offset = (offset + size) & mask;
        if (done - committed >= commitQuantum) {
          committed = done;
          Atomics.store(positions, 1, BigInt.asUintN(64, start + BigInt(done)));
        }
        if (this.#stopping) break;
      }
    } finally {
      this.#draining = false;
      this.#stopping = false;
      this.#delivered += delivered;
      if (done > 0) {
        this.#tail = BigInt.asUintN(64, start + BigInt(done));
        Atomics.store(positions, 1, this.#tail);
      }
    }
    return delivered;
  }

  /** The two parts of a record that crosses the end, one after the other. */
  #joined(offset: number, size: number): RecordMemory {
    const { bytes } = this.#layout.data;
    this.#scratch ??= recordMemory(new ArrayBuffer(maxRecord));
    const first = this.size - offset;
    this.#scratch.bytes.set(bytes.subarray(offset, this.size));
    this.#scratch.bytes.set(bytes.subarray(0, size - first), first);
    return this.#scratch;
  }

  #available(): number {
    const head = Atomics.load(this.#layout.positions, 0);
    const available = BigInt.asUintN(64, head - this.#tail);
    if (available > BigInt(this.size) || (available & 7n) !== 0n) {
      throw positionsContradict(this.#layout.what, this.#tail, head, this.size);
    }
    return Number(available);
  }
}
