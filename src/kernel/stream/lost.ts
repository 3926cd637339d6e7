/**
 * Counters of what programs could not deliver: the layout that the compiler emits and the reader reads.
 *
 * One array map (BPF_MAP_TYPE_ARRAY, one entry, BPF_F_MMAPABLE, kernel 5.5) serves all streams of a
 * collection. Its value holds one u64 for each stream and CPU, on a cache line of its own, so that CPUs
 * do not fight for lines at the very moment when they have too much to do:
 *
 *   offset = (stream * cpus + cpu) * 64      cpus: possible CPUs, rounded up to a power of two
 *
 * A program whose `reserve` or `output` failed does `lock *(u64 *)(value + offset) += 1`. The power of two
 * lets it mask the CPU number, which is what the verifier wants to see. Counters only grow and are never
 * reset: reset-after-read loses what is counted in between. Whoever reads takes differences.
 */
import { badOption } from './errors.ts';
import type { LostCount } from './ledger.ts';

/** Bytes of one counter: a cache line on x86 and on most arm64. */
export const lostCounterStride = 64;

export interface LostLayout {
  readonly streams: number;
  /** A power of two, at least the number of possible CPUs. */
  readonly cpus: number;
  /** `valueSize` of the map. */
  readonly valueSize: number;
}

/** The layout for `streams` streams on a machine with `possibleCpus` possible CPUs. */
export function lostLayout(streams: number, possibleCpus: number): LostLayout {
  if (!Number.isInteger(streams) || streams < 1) {
    throw badOption('lost counters', 'streams', streams, 'an integer of at least 1');
  }
  if (!Number.isInteger(possibleCpus) || possibleCpus < 1 || possibleCpus > 65_536) {
    throw badOption('lost counters', 'possibleCpus', possibleCpus, 'an integer from 1 to 65536');
  }
  const cpus = 2 ** Math.ceil(Math.log2(possibleCpus));
  return { streams, cpus, valueSize: streams * cpus * lostCounterStride };
}

/** Byte offset, in the map's value, of the counter of one stream on one CPU. */
export function lostCounterOffset(layout: LostLayout, stream: number, cpu: number): number {
  return (stream * layout.cpus + cpu) * lostCounterStride;
}

/** Reads the counters from a mapping of the map's value. */
export class LostCounters {
  readonly #layout: LostLayout;
  readonly #counters: BigUint64Array;

  /** `value`: the mapped value, `layout.valueSize` bytes at least, starting at a multiple of 8. */
  constructor(layout: LostLayout, value: ArrayBuffer) {
    if (value.byteLength < layout.valueSize) {
      throw badOption(
        'lost counters',
        'bytes of the value',
        value.byteLength,
        `at least ${layout.valueSize}`,
      );
    }
    this.#layout = layout;
    this.#counters = new BigUint64Array(value, 0, layout.valueSize / 8);
  }

  /** The sum over all CPUs since the map was made. */
  total(stream: number): bigint {
    const { streams, cpus } = this.#layout;
    if (!Number.isInteger(stream) || stream < 0 || stream >= streams) {
      throw badOption('lost counters', 'stream', stream, `an integer from 0 to ${streams - 1}`);
    }
    const step = lostCounterStride / 8;
    let sum = 0n;
    for (let cpu = 0; cpu < cpus; cpu++) {
      sum += Atomics.load(this.#counters, (stream * cpus + cpu) * step);
    }
    return BigInt.asUintN(64, sum);
  }

  /** What one stream loses from now on. */
  since(stream: number): LostCount {
    const start = this.total(stream);
    return { read: () => BigInt.asUintN(64, this.total(stream) - start) };
  }
}
