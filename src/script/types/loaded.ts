/** A loaded program in user space: its maps by name, its losses, its end. */
import type { KernelString } from '../../text/kernel-string.ts';
import type { MapDeclaration } from '../maps.ts';

/** What may be written where `T` is read: plain strings for text, safe whole numbers for 64-bit integers. */
export type Input<T> = T extends KernelString
  ? KernelString | string
  : T extends bigint
    ? bigint | number
    : T extends Uint8Array | number | boolean
      ? T
      : T extends readonly (infer E)[]
        ? readonly Input<E>[]
        : { readonly [N in keyof T]: Input<T[N]> };

/** A hash, an LRU hash or a trie. Errors are MapError: `full`, `range`, and what the kernel answered. */
export interface LoadedHash<K, V> extends Iterable<[K, V]> {
  get(key: Input<K>): V | undefined;
  /** Adds or overwrites. */
  set(key: Input<K>, value: Input<V>): void;
  /** Adds only, and tells whether it did. */
  insert(key: Input<K>, value: Input<V>): boolean;
  /** Overwrites only, and tells whether it did. */
  replace(key: Input<K>, value: Input<V>): boolean;
  /** Tells whether it was there. */
  delete(key: Input<K>): boolean;
  has(key: Input<K>): boolean;
  /** What is there while programs go on writing: what stays is seen, what comes and goes may be. */
  entries(): Iterable<[K, V]>;
  keys(): Iterable<K>;
  values(): Iterable<V>;
  clear(): void;
}

/** A hash with one value for each possible CPU. */
export interface LoadedPerCpuHash<K, V> extends Iterable<[K, V[]]> {
  /** By CPU number. */
  get(key: Input<K>): V[] | undefined;
  set(key: Input<K>, values: readonly Input<V>[]): void;
  delete(key: Input<K>): boolean;
  has(key: Input<K>): boolean;
  entries(): Iterable<[K, V[]]>;
  keys(): Iterable<K>;
  values(): Iterable<V[]>;
  clear(): void;
}

/** A hash with one number for each possible CPU. */
export interface LoadedPerCpuCounts<K, V> extends LoadedPerCpuHash<K, V> {
  /** Over all CPUs. */
  sum(key: Input<K>): V | undefined;
}

export interface LoadedArray<V> extends Iterable<[number, V]> {
  /** Undefined if the index is past the end. */
  get(index: number): V | undefined;
  set(index: number, value: Input<V>): void;
  entries(): Iterable<[number, V]>;
  values(): Iterable<V>;
}

/** An array with one value for each possible CPU. */
export interface LoadedPerCpuArray<V> extends Iterable<[number, V[]]> {
  /** By CPU number. */
  get(index: number): V[] | undefined;
  set(index: number, values: readonly Input<V>[]): void;
  entries(): Iterable<[number, V[]]>;
  values(): Iterable<V[]>;
}

/** An array with one number for each possible CPU. */
export interface LoadedPerCpuSums<V> extends LoadedPerCpuArray<V> {
  /** Over all CPUs. */
  sum(index: number): V | undefined;
}

/** A queue or a stack. */
export interface LoadedQueue<V> {
  /** False if it is full. */
  push(value: Input<V>): boolean;
  pop(): V | undefined;
  peek(): V | undefined;
}

/** Events: `for await (const event of loaded.events)`. One reader at a time. */
export interface LoadedRing<V> extends AsyncIterable<V> {
  /** All that is there at once, as arrays: cheaper at high rates. */
  batches(): AsyncIterable<V[]>;
  /** Events that found no room, so far. */
  readonly lost: bigint;
}

/** What iterators wrote: `for (const row of loaded.tasks)`. Each loop walks anew and shows what is there then. */
export interface LoadedRows<V> extends Iterable<V> {}

/** One size class: values from `from` up to, not including, `to`. */
export interface Bucket {
  readonly from: bigint;
  readonly to: bigint;
  readonly count: bigint;
}

export interface LoadedHistogram {
  /** The classes from the first to the last that has counts, summed over all CPUs. */
  read(): Bucket[];
}

export interface LoadedKeyedHistogram<K> {
  /** For each key, the classes from the first to the last that has counts. */
  read(): Map<K, Bucket[]>;
}

export interface LoadedStacks {
  /** Addresses from the innermost out; undefined if nothing has this id. */
  get(id: number): bigint[] | undefined;
}

/** One row for each kind of map: a new kind does not compile until it has one. */
interface Handles<K, V> {
  hash: LoadedHash<K, V>;
  lruHash: LoadedHash<K, V>;
  perCpuHash: [V] extends [number | bigint] ? LoadedPerCpuCounts<K, V> : LoadedPerCpuHash<K, V>;
  lruPerCpuHash: [V] extends [number | bigint] ? LoadedPerCpuCounts<K, V> : LoadedPerCpuHash<K, V>;
  lpmTrie: LoadedHash<K, V>;
  array: LoadedArray<V>;
  perCpuArray: [V] extends [number | bigint] ? LoadedPerCpuSums<V> : LoadedPerCpuArray<V>;
  queue: LoadedQueue<V>;
  stack: LoadedQueue<V>;
  stackTrace: LoadedStacks;
  ringbuf: LoadedRing<V>;
  rows: LoadedRows<V>;
  log2Histogram: [K] extends [undefined] ? LoadedHistogram : LoadedKeyedHistogram<K>;
  linearHistogram: [K] extends [undefined] ? LoadedHistogram : LoadedKeyedHistogram<K>;
}

/** What user space sees of a declared map. */
export type LoadedMap<D> =
  D extends MapDeclaration<infer Kind, { userKey: infer K; userValue: infer V }>
    ? Handles<K, V>[Kind]
    : never;

/** One probe, loaded and attached. */
export interface LoadedProbe {
  /** As it was declared: `tracepoint:sched:sched_switch`. */
  readonly name: string;
  /** Of the program in the kernel, as bpftool shows it. */
  readonly id: number;
}

/** An iterator: it runs when it is read. */
export interface LoadedIterator extends LoadedProbe {
  /** Everything that one walk wrote with `k.write`. */
  read(): Uint8Array;
}

/** The maps that can be full: all but arrays, stacks, and histograms whose classes are all there from the start. */
type CanBeFull<M> = keyof {
  [N in keyof M as M[N] extends MapDeclaration<infer Kind, { userKey: infer K }>
    ? Kind extends 'array' | 'perCpuArray' | 'stackTrace' | 'rows' | 'linearHistogram'
      ? never
      : [Kind, K] extends ['log2Histogram', undefined]
        ? never
        : N
    : never]: never;
};

/** What every loaded program has besides its maps. */
export interface LoadedProgram<M, Name extends string> extends Disposable, AsyncDisposable {
  /** By the names of the probes. */
  readonly programs: {
    readonly [N in Name]: N extends `iter:${string}` ? LoadedIterator : LoadedProbe;
  };
  /** Events and entries that found no room so far, by the name of their map. */
  lost(): { readonly [N in CanBeFull<M>]: bigint };
  /** Detaches all probes and frees the maps; a second call does nothing. */
  close(): void;
}

/** What `await program.load()` gives: every map by its name, and what is common to all. */
export type Loaded<M, Name extends string = string> = LoadedProgram<M, Name> & {
  readonly [N in keyof M]: LoadedMap<M[N]>;
};
