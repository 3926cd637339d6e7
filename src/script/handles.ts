/** Maps of a loaded program as user space sees them. */
import { KeyedMap } from '../kernel/map/keyed.ts';
import type { LostCount } from '../kernel/stream/ledger.ts';
import { RingBuffer } from '../kernel/stream/ring.ts';
import type { Fd } from '../sys/fd.ts';
import { log2Classes } from './builtin/map-histogram.ts';
import type { MapDeclaration, MapKind } from './maps.ts';
import { layoutOf } from './schema.ts';
import type { Bucket } from './types/loaded.ts';
import { readerOf } from './values.ts';

type AnyMap = MapDeclaration<MapKind, unknown>;

/** A per-CPU map: values are arrays by CPU number; numbers can be summed. */
export class PerCpuMap<K> extends KeyedMap<K, unknown[]> {
  constructor(map: KeyedMap<K, unknown[]>) {
    super(map.fd, map, map.keyCodec, map.valueCodec);
  }

  /** Over all CPUs; undefined if the key is not there. Only for numbers. */
  sum(key: K): number | bigint | undefined {
    const values = this.get(key);
    if (!values) return undefined;
    return values.reduce<number | bigint>(
      (sum, value) => (typeof value === 'bigint' ? BigInt(sum) + value : Number(sum) + Number(value)),
      typeof values[0] === 'bigint' ? 0n : 0,
    );
  }
}

/** A histogram: size classes with their counts. */
export class Histogram {
  readonly #map: KeyedMap<unknown, bigint[]>;
  readonly #declaration: AnyMap;

  constructor(map: KeyedMap<unknown, bigint[]>, declaration: AnyMap) {
    this.#map = map;
    this.#declaration = declaration;
  }

  /** From the first class that has counts to the last; for a keyed histogram, by key. */
  read(): Bucket[] | Map<unknown, Bucket[]> {
    if (!this.#declaration.key) {
      const counts: bigint[] = [];
      for (const [slot, values] of this.#map.entries()) counts[Number(slot)] = sum(values);
      return this.#buckets(counts);
    }
    // Keys are objects or text: equal ones are recognised by how they print.
    const byKey = new Map<string, { key: unknown; counts: bigint[] }>();
    for (const [entry, values] of this.#map.entries()) {
      const { key, slot } = entry as { key: unknown; slot: number };
      const name = identity(key);
      const known = byKey.get(name) ?? { key, counts: [] };
      known.counts[slot] = sum(values);
      byKey.set(name, known);
    }
    return new Map([...byKey.values()].map(({ key, counts }) => [key, this.#buckets(counts)]));
  }

  #buckets(counts: readonly (bigint | undefined)[]): Bucket[] {
    const used = [...counts.keys()].filter((slot) => (counts[slot] ?? 0n) > 0n);
    if (used.length === 0) return [];
    const [first, last] = [used[0], used[used.length - 1]];
    const slots = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    return slots.map((slot) => ({ ...this.#range(slot), count: counts[slot] ?? 0n }));
  }

  #range(slot: number): { from: bigint; to: bigint } {
    const { linear } = this.#declaration;
    if (linear) {
      const { min, max, step } = linear;
      if (slot === 0) return { from: -(2n ** 63n), to: BigInt(min) };
      const from = min + (slot - 1) * step;
      if (from >= max) return { from: BigInt(max), to: 2n ** 64n };
      return { from: BigInt(from), to: BigInt(Math.min(from + step, max)) };
    }
    if (slot === 0) return { from: -(2n ** 63n), to: 0n };
    if (slot === 1) return { from: 0n, to: 1n };
    return { from: 2n ** BigInt(Math.min(slot, log2Classes - 1) - 2), to: 2n ** BigInt(slot - 1) };
  }
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

/** A text that is equal for equal keys. */
function identity(key: unknown): string {
  return JSON.stringify(key, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** Events of a ring buffer, decoded. */
export class EventRing {
  readonly ring: RingBuffer;
  readonly #read: (view: DataView, offset: number) => unknown;
  readonly #lost: LostCount;

  constructor(fd: Fd, name: string, declaration: AnyMap, lost: LostCount) {
    this.ring = new RingBuffer(fd.number, declaration.size, { name, lost });
    this.#read = readerOf(declaration.value ?? { kind: 'bool' });
    this.#lost = lost;
  }

  /** Events that found no room in the ring. */
  get lost(): bigint {
    return this.#lost.read();
  }

  batches(): AsyncIterable<unknown[]> {
    return this.ring.batches(this.#read);
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.ring.records(this.#read);
  }
}

/** What iterators wrote, decoded. */
export class Rows implements Iterable<unknown> {
  readonly #size: number;
  readonly #read: (view: DataView, offset: number) => unknown;
  readonly #walk: () => Iterable<Uint8Array>;

  constructor(declaration: AnyMap, walk: () => Iterable<Uint8Array>) {
    const shape = declaration.value ?? { kind: 'bool' };
    this.#size = layoutOf(shape).size;
    this.#read = readerOf(shape);
    this.#walk = walk;
  }

  /** Walks anew: every call shows what is there now. */
  *[Symbol.iterator](): Generator<unknown> {
    for (const bytes of this.#walk()) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at + this.#size <= bytes.length; at += this.#size) yield this.#read(view, at);
    }
  }
}
