/**
 * A ring in plain memory that behaves as the kernel's, producer included: for tests and benchmarks.
 *
 * The data stands twice in one buffer, as the mapping shows it; `reserve` writes both copies.
 */
import { type RecordMemory, recordMemory } from './record.ts';
import type { RingLayout } from './ring-core.ts';

/** A record that was reserved: fill `bytes`, then submit or discard it. */
export interface Reserved {
  readonly bytes: Uint8Array;
  submit(): void;
  discard(): void;
}

export class SyntheticRing {
  readonly size: number;
  readonly consumer: BigUint64Array = new BigUint64Array(1);
  readonly producer: BigUint64Array = new BigUint64Array(1);
  readonly data: RecordMemory;
  /** Wake-ups that the kernel would have sent. */
  wakeups = 0;
  /** Called for each of them. */
  onWakeup: (() => void) | undefined;

  /** `start`: where both positions begin, a multiple of 8. */
  constructor(size: number, start = 0n) {
    this.size = size;
    this.data = recordMemory(new ArrayBuffer(2 * size));
    this.consumer[0] = start;
    this.producer[0] = start;
  }

  get layout(): RingLayout {
    return {
      what: 'ring buffer "synthetic"',
      consumer: this.consumer,
      producer: this.producer,
      data: this.data,
      size: this.size,
    };
  }

  /** bpf_ringbuf_reserve: undefined when the ring is full. */
  reserve(length: number): Reserved | undefined {
    const step = (length + 15) & ~7;
    const position = this.producer[0]!;
    const used = BigInt.asUintN(64, position + BigInt(step) - this.consumer[0]!);
    if (used > BigInt(this.size - 1)) return undefined;
    const offset = Number(position & BigInt(this.size - 1));
    this.#header(offset, (length | 0x8000_0000) >>> 0);
    this.producer[0] = BigInt.asUintN(64, position + BigInt(step));
    const bytes = new Uint8Array(length);
    const commit = (flags: number): void => {
      for (let i = 0; i < length; i++) this.#byte(offset + 8 + i, bytes[i]!);
      this.#header(offset, (length | flags) >>> 0);
      if (this.consumer[0] === position) {
        this.wakeups++;
        this.onWakeup?.();
      }
    };
    return { bytes, submit: () => commit(0), discard: () => commit(0x4000_0000) };
  }

  /** bpf_ringbuf_output: false when the ring is full. */
  output(bytes: Uint8Array): boolean {
    const record = this.reserve(bytes.length);
    if (record === undefined) return false;
    record.bytes.set(bytes);
    record.submit();
    return true;
  }

  /** Writes any word where a header may stand: what a broken or hostile producer could do. */
  corrupt(position: bigint, header: number): void {
    this.#header(Number(position & BigInt(this.size - 1)), header >>> 0);
  }

  #header(offset: number, word: number): void {
    this.data.words[offset >>> 2] = word;
    this.data.words[(offset + this.size) >>> 2] = word;
  }

  #byte(at: number, value: number): void {
    const offset = at & (this.size - 1);
    this.data.bytes[offset] = value;
    this.data.bytes[offset + this.size] = value;
  }
}
