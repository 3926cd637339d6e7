/** Declarations of maps: what `defineProgram({ maps })` takes. Plain data; nothing is created here. */
import type { KernelOf, Schema, Shape, UserOf } from './schema.ts';
import { u32, type u64 } from './schema.ts';

export type MapKind =
  | 'hash'
  | 'lruHash'
  | 'perCpuHash'
  | 'lruPerCpuHash'
  | 'array'
  | 'perCpuArray'
  | 'lpmTrie'
  | 'queue'
  | 'stack'
  | 'stackTrace'
  | 'ringbuf'
  | 'rows'
  | 'log2Histogram'
  | 'linearHistogram';

declare const types: unique symbol;

/** The common part of every declaration; `T` carries the TypeScript types of key and value. */
export interface MapDeclaration<Kind extends MapKind, T> {
  readonly kind: Kind;
  /** Absent for ring buffers, queues, stacks and histograms without a key. */
  readonly key?: Shape | undefined;
  readonly value?: Shape | undefined;
  /** Entries; bytes for a ring buffer. */
  readonly size: number;
  /** Only linear histograms. */
  readonly linear?: { readonly min: number; readonly max: number; readonly step: number };
  /** Only for the type checker. */
  readonly [types]?: T;
}

/** Types of a keyed map: on the side of user space and inside the kernel. */
export interface Entry<UK, UV, KK, KV> {
  userKey: UK;
  userValue: UV;
  kernelKey: KK;
  kernelValue: KV;
}

type AnySchema = Schema<unknown, unknown>;
export type EntryOf<K extends AnySchema, V extends AnySchema> = Entry<
  UserOf<K>,
  UserOf<V>,
  KernelOf<K>,
  KernelOf<V>
>;

const defaultEntries = 10_240;

/** BPF_MAP_TYPE_HASH: `size` entries at most; a full map refuses new keys. */
export function hash<K extends AnySchema, V extends AnySchema>(
  key: K,
  value: V,
  size: number = defaultEntries,
): MapDeclaration<'hash', EntryOf<K, V>> {
  return keyed('hash', key, value, size);
}

/** BPF_MAP_TYPE_LRU_HASH: when full, the entry used least recently makes room. */
export function lruHash<K extends AnySchema, V extends AnySchema>(
  key: K,
  value: V,
  size: number = defaultEntries,
): MapDeclaration<'lruHash', EntryOf<K, V>> {
  return keyed('lruHash', key, value, size);
}

/** BPF_MAP_TYPE_PERCPU_HASH: one value a CPU; user space sees an array by CPU number. */
export function perCpuHash<K extends AnySchema, V extends AnySchema>(
  key: K,
  value: V,
  size: number = defaultEntries,
): MapDeclaration<'perCpuHash', EntryOf<K, V>> {
  return keyed('perCpuHash', key, value, size);
}

/** BPF_MAP_TYPE_LRU_PERCPU_HASH. */
export function lruPerCpuHash<K extends AnySchema, V extends AnySchema>(
  key: K,
  value: V,
  size: number = defaultEntries,
): MapDeclaration<'lruPerCpuHash', EntryOf<K, V>> {
  return keyed('lruPerCpuHash', key, value, size);
}

/** BPF_MAP_TYPE_ARRAY: indices 0 to `size` - 1, all there from the start, zeroed. */
export function arrayMap<V extends AnySchema>(
  value: V,
  size: number,
): MapDeclaration<'array', EntryOf<typeof u32, V>> {
  return keyed('array', u32, value, size);
}

/** BPF_MAP_TYPE_PERCPU_ARRAY. */
export function perCpuArray<V extends AnySchema>(
  value: V,
  size: number,
): MapDeclaration<'perCpuArray', EntryOf<typeof u32, V>> {
  return keyed('perCpuArray', u32, value, size);
}

/** BPF_MAP_TYPE_LPM_TRIE: the key must be a struct whose first field is the u32 `prefixlen`. */
export function lpmTrie<K extends AnySchema, V extends AnySchema>(
  key: K,
  value: V,
  size: number = defaultEntries,
): MapDeclaration<'lpmTrie', EntryOf<K, V>> {
  return keyed('lpmTrie', key, value, size);
}

/** BPF_MAP_TYPE_QUEUE: first in, first out. */
export function queue<V extends AnySchema>(value: V, size: number): MapDeclaration<'queue', EntryOf<V, V>> {
  return { kind: 'queue', value: value.shape, size: entries('queue', size) };
}

/** BPF_MAP_TYPE_STACK: last in, first out. */
export function stack<V extends AnySchema>(value: V, size: number): MapDeclaration<'stack', EntryOf<V, V>> {
  return { kind: 'stack', value: value.shape, size: entries('stack', size) };
}

/** BPF_MAP_TYPE_STACK_TRACE: up to 127 addresses under an id that `k.kernelStack` and `k.userStack` give. */
export function stackTrace(
  size: number = defaultEntries,
): MapDeclaration<'stackTrace', EntryOf<typeof u32, typeof u64>> {
  return { kind: 'stackTrace', size: entries('stackTrace', size) };
}

/**
 * BPF_MAP_TYPE_RINGBUF (Linux 5.8): events of one type, in order across all CPUs.
 * `size` is in bytes, a power of two of at least a page; default 4 MiB. Twice as much counts as resident
 * memory of the reader, which maps the ring two times behind each other.
 */
export function ringbuf<V extends AnySchema>(
  value: V,
  size: number = 4 << 20,
): MapDeclaration<'ringbuf', EntryOf<V, V>> {
  if (!Number.isSafeInteger(size) || size < 4096 || size > 2 ** 31 || (size & (size - 1)) !== 0) {
    throw new RangeError(`ringbuf: size ${size} must be a power of two from 4096 to 2147483648 bytes`);
  }
  return { kind: 'ringbuf', value: value.shape, size };
}

/**
 * What an iterator writes, one struct an item: `const row = k.tasks.begin()`, fields, `k.write(row)`.
 * No map in the kernel; user space reads the rows of a walk.
 */
export function rows<V extends AnySchema>(value: V): MapDeclaration<'rows', EntryOf<V, V>> {
  return { kind: 'rows', value: value.shape, size: 1 };
}

/** Counts values by power of two, for each key if one is given: `k.latency.record(key, value)`. */
export function log2Histogram(): MapDeclaration<'log2Histogram', Entry<undefined, bigint, undefined, number>>;
export function log2Histogram<K extends AnySchema>(
  key: K,
  size?: number,
): MapDeclaration<'log2Histogram', Entry<UserOf<K>, bigint, KernelOf<K>, number>>;
export function log2Histogram(
  key?: AnySchema,
  size: number = defaultEntries,
): MapDeclaration<'log2Histogram', never> {
  return { kind: 'log2Histogram', key: key?.shape, size: entries('log2Histogram', size) };
}

/** Counts values in steps from `min` to `max`; what lies outside is counted below and above. */
export function linearHistogram(range: {
  min: number;
  max: number;
  step: number;
}): MapDeclaration<'linearHistogram', Entry<undefined, bigint, undefined, number>> {
  const { min, max, step } = range;
  const whole = [min, max, step].every(Number.isSafeInteger);
  if (!whole || step < 1 || max <= min || (max - min) / step > 1000) {
    throw new RangeError(
      `linearHistogram: min ${min}, max ${max}, step ${step} must be whole numbers, max above min, at most 1000 steps`,
    );
  }
  return { kind: 'linearHistogram', size: 1, linear: { min, max, step } };
}

function keyed<Kind extends MapKind, T>(
  kind: Kind,
  key: AnySchema,
  value: AnySchema,
  size: number,
): MapDeclaration<Kind, T> {
  return { kind, key: key.shape, value: value.shape, size: entries(kind, size) };
}

function entries(kind: string, size: number): number {
  if (!Number.isSafeInteger(size) || size < 1 || size > 2 ** 31) {
    throw new RangeError(`${kind}: size ${size} must be a whole number of entries, at least 1`);
  }
  return size;
}
