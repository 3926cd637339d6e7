/**
 * BPF_MAP_TYPE_USER_RINGBUF, Linux 6.1: records from this process to programs, which take them by
 * `bpf_user_ringbuf_drain`. The other way round than stream/ring.ts, with the same layout.
 *
 * Two u64 positions on a page each, consumer (the kernel's, read-only here) and producer, then the data, mapped
 * twice in a row. A record is a header of 8 bytes (u32 length with BUSY and DISCARD bits, u32 unused) and the data,
 * padded to 8. The header is written with BUSY before the producer position moves past it, and without it when
 * the data is complete: kernel/bpf/ringbuf.c, __bpf_user_ringbuf_peek.
 */
import { Mapping, Protection, pageSize } from '../../sys/memory.ts';
import { badSpec, noSuchOperation } from '../errors.ts';
import type { Codec } from '../map/codec.ts';
import type { BpfMap } from '../map/map.ts';
import { MapType } from '../spec.ts';

const busyBit = 0x8000_0000;
const discardBit = 0x4000_0000;
const lengthLimit = 0x3fff_ffff;
const headerSize = 8;

/** Room for one record in the ring. It must be submitted or discarded: programs wait at it. */
export class Reservation {
  /** The record's bytes, to be filled. Not to be touched afterwards. */
  readonly view: DataView;
  readonly #words: Uint32Array;
  readonly #index: number;
  readonly #length: number;
  #done = false;

  constructor(buffer: ArrayBuffer, words: Uint32Array, offset: number, length: number) {
    this.view = new DataView(buffer, words.byteOffset + offset + headerSize, length);
    this.#words = words;
    this.#index = offset >>> 2;
    this.#length = length;
  }

  /** Gives the record to the programs. */
  submit(): void {
    this.#finish(this.#length);
  }

  /** Gives the record up: programs skip it. */
  discard(): void {
    this.#finish(this.#length | discardBit);
  }

  #finish(header: number): void {
    if (this.#done) return;
    this.#done = true;
    // A store with release: the data is there before the header says so.
    Atomics.store(this.#words, this.#index, header);
  }
}

/** The producer of a user ring buffer. There must be only one for each map. */
export class UserRingBuffer<T = Uint8Array> {
  readonly #what: string;
  readonly #size: number;
  readonly #codec: Codec<T> | undefined;
  #consumerPage: Mapping | undefined;
  #dataPages: Mapping | undefined;
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  readonly #words: Uint32Array;
  readonly #buffer: ArrayBuffer;

  /** Maps the ring; the map stays its owner's. `codec` writes the records of `send`. Throws SysError, MapError. */
  constructor(map: BpfMap, codec?: Codec<T>) {
    if (map.type !== MapType.userRingBuffer)
      throw noSuchOperation(map.name, 'sending records', map.kind.name);
    this.#what = map.subject;
    this.#size = map.maxEntries;
    this.#codec = codec;
    const page = pageSize();
    const fd = map.fd.number;
    const consumer = Mapping.of(fd, page, { subject: this.#what });
    try {
      const data = Mapping.of(fd, page + 2 * this.#size, {
        offset: page,
        protection: Protection.read | Protection.write,
        subject: this.#what,
      });
      this.#consumerPage = consumer;
      this.#dataPages = data;
      this.#buffer = data.buffer;
      this.#consumer = new BigUint64Array(consumer.buffer, 0, 1);
      this.#producer = new BigUint64Array(data.buffer, 0, 1);
      this.#words = new Uint32Array(data.buffer, page, (2 * this.#size) / 4);
    } catch (error) {
      consumer.close();
      throw error;
    }
  }

  /** Bytes that programs have not taken yet. */
  get waiting(): number {
    this.#open();
    return Number(BigInt.asUintN(64, Atomics.load(this.#producer, 0) - Atomics.load(this.#consumer, 0)));
  }

  /** Room for a record of some bytes, or undefined while the ring is too full. Throws KernelError (badSpec). */
  reserve(length: number): Reservation | undefined {
    this.#open();
    const total = (length + headerSize + 7) & ~7;
    if (!Number.isInteger(length) || length < 0 || length > lengthLimit || total > this.#size) {
      throw badSpec(this.#what, `a record of ${length} bytes does not fit its ${this.#size}`);
    }
    const producer = Atomics.load(this.#producer, 0);
    const used = Number(BigInt.asUintN(64, producer - Atomics.load(this.#consumer, 0)));
    if (this.#size - used < total) return undefined;
    const offset = Number(producer & BigInt(this.#size - 1));
    // The header is one word of 32 bits in the machine's own order, as the kernel reads it.
    Atomics.store(this.#words, offset >>> 2, length + busyBit);
    this.#words[(offset >>> 2) + 1] = 0;
    Atomics.store(this.#producer, 0, BigInt.asUintN(64, producer + BigInt(total)));
    return new Reservation(this.#buffer, this.#words, offset, length);
  }

  /** Copies a record in, and tells whether there was room. */
  write(bytes: Uint8Array): boolean {
    const record = this.reserve(bytes.length);
    if (record === undefined) return false;
    const { buffer, byteOffset } = record.view;
    new Uint8Array(buffer, byteOffset, bytes.length).set(bytes);
    record.submit();
    return true;
  }

  /** Writes a record by the codec, and tells whether there was room. A value that the codec refuses is not sent. */
  send(value: T): boolean {
    const codec = this.#codec;
    if (codec === undefined) return this.write(value as Uint8Array);
    const record = this.reserve(codec.size);
    if (record === undefined) return false;
    try {
      codec.encode(value, record.view, 0);
    } catch (error) {
      record.discard();
      throw error;
    }
    record.submit();
    return true;
  }

  /** As `send`, and waits for room: programs take records when they run. Rejects when `signal` aborts. */
  async sendWhenRoom(value: T, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    for (let pause = 1; !this.send(value); pause = Math.min(pause * 2, 50)) {
      options.signal?.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  #open(): void {
    if (this.#dataPages === undefined) throw noSuchOperation(this.#what, 'sending records', 'closed ring');
  }

  /** Unmaps the ring; again and again without effect. Records that wait stay. */
  close(): void {
    this.#consumerPage?.close();
    this.#dataPages?.close();
    this.#consumerPage = undefined;
    this.#dataPages = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
