/** Maps inside the kernel: what `k.NAME` is in a body for each kind of declared map. */
import type { MapDeclaration } from '../maps.ts';

/** A single number, boolean, text or array in a map: a struct is mutable itself, these need a holder. */
export interface Ref<T> {
  value: T;
}

/** What a look-up gives: the struct in the map, or a holder of the single value. Writing changes the map. */
export type KernelEntry<V> = [V] extends [number | boolean | string | ArrayLike<unknown>] ? Ref<V> : V;

/** `any` overwrites or adds; `new` only adds; `existing` only overwrites. */
export type SetMode = 'any' | 'new' | 'existing';

/** A hash, shared or per CPU, or a trie. */
export interface KernelHash<K, V> {
  /** The entry, or undefined: test it before use. */
  get(key: K): KernelEntry<V> | undefined;
  /** 0, or a negative error. A full map is counted in `loaded.lost()`. */
  set(key: K, value: V, mode?: SetMode): number;
  /** 0, or negative if it was not there. */
  delete(key: K): number;
  has(key: K): boolean;
  /** Adds `by` (default 1) to a number, from zero if it is not there; atomic between CPUs. */
  increment(this: KernelHash<K, number>, key: K, by?: number): void;
  /** The entry, made from `initial` if it is not there. */
  getOrInit(key: K, initial: V): KernelEntry<V>;
}

/** An array: every index below its size is there from the start. */
export interface KernelArrayMap<V> {
  /** Undefined if the index is past the end. */
  get(index: number): KernelEntry<V> | undefined;
  /** 0, or a negative error. */
  set(index: number, value: V): number;
  has(index: number): boolean;
  /** Adds `by` (default 1) to a number; atomic between CPUs. */
  increment(this: KernelArrayMap<number>, index: number, by?: number): void;
}

/** A queue or a stack. */
export interface KernelQueue<V> {
  /** 0, or negative if it is full; that is counted in `loaded.lost()`. */
  push(value: V): number;
  /** A copy of the next value, which is removed, or undefined. */
  pop(): KernelEntry<V> | undefined;
  /** A copy of the next value, which stays, or undefined. */
  peek(): KernelEntry<V> | undefined;
}

/** Events to user space. */
export interface KernelRing<V> {
  /**
   * Room for one event in the ring itself; undefined if it is full, which is counted in `loaded.lost()`.
   * What is not written is zero. Every path must end in `submit` or `discard`.
   */
  reserve(): Reserved<V> | undefined;
  /** Sends a copy; false if the ring is full, which is counted in `loaded.lost()`. */
  emit(value: V): boolean;
}

/** What an iterator writes, one struct an item. */
export interface KernelRows<V> {
  /** A new row, all zero; it counts when it is given to `k.write`. */
  begin(): V;
}

/** Room for one event, and how to be done with it. */
export type Reserved<V> = V & ReservedRoom;

export interface ReservedRoom {
  /** Sends the event; its fields cannot be used any more. */
  submit(): void;
  /** Gives the room back. */
  discard(): void;
}

/** Counts by size class. */
export interface KernelHistogram {
  record(value: number): void;
}

/** Counts by size class for each key. */
export interface KernelKeyedHistogram<K> {
  record(key: K, value: number): void;
}

/** Call stacks: given to `k.kernelStack` and `k.userStack`. */
export interface KernelStacks {
  readonly kind: 'stackTrace';
}

/** One row for each kind of map: a new kind does not compile until it has one. */
interface Handles<K, V> {
  hash: KernelHash<K, V>;
  lruHash: KernelHash<K, V>;
  perCpuHash: KernelHash<K, V>;
  lruPerCpuHash: KernelHash<K, V>;
  lpmTrie: KernelHash<K, V>;
  array: KernelArrayMap<V>;
  perCpuArray: KernelArrayMap<V>;
  queue: KernelQueue<V>;
  stack: KernelQueue<V>;
  stackTrace: KernelStacks;
  ringbuf: KernelRing<V>;
  rows: KernelRows<V>;
  log2Histogram: [K] extends [undefined] ? KernelHistogram : KernelKeyedHistogram<K>;
  linearHistogram: [K] extends [undefined] ? KernelHistogram : KernelKeyedHistogram<K>;
}

/** What a body sees of a declared map. */
export type KernelMap<D> =
  D extends MapDeclaration<infer Kind, { kernelKey: infer K; kernelValue: infer V }>
    ? Handles<K, V>[Kind]
    : never;
