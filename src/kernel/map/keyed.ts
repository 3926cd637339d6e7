/** Maps that are read and written by key: hashes, arrays, LRU and LPM, and their per-CPU forms. */
import { constants } from 'node:os';
import { bpfError, ElementCall, type ElementCommand } from '../../sys/bpf.ts';
import type { Fd } from '../../sys/fd.ts';
import { elementRefused, pastEnd } from '../errors.ts';
import { type BatchShape, deleteBlock, lacksBatches, readBlocks, writeBlock } from './batch.ts';
import type { Codec } from './codec.ts';
import { BpfMap, type MapShape } from './map.ts';

const { ENOENT, EEXIST, EINVAL } = constants.errno;
const ENOTSUPP = 524;

/** BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
const Mode = { any: 0, absent: 1, present: 2 } as const;

/**
 * A map with typed keys and values. In per-CPU maps a value is an array with one entry for each
 * possible CPU.
 *
 * Iteration reads while programs write. An element that stays in the map is seen once where the kernel
 * reads in batches (hashes and arrays since 5.6), and at least once before; one that comes or goes
 * meanwhile may be seen or not. It always ends: key by key it stops after `maxEntries` steps.
 */
export class KeyedMap<K, V> extends BpfMap implements Iterable<[K, V]> {
  readonly #keys: Codec<K>;
  readonly #values: Codec<V>;
  #call: ElementCall | undefined;
  #keyView: DataView = empty;
  #valueView: DataView = empty;

  /** Takes the descriptor over. `values` covers all CPUs of a per-CPU map. */
  constructor(fd: Fd, shape: MapShape, keys: Codec<K>, values: Codec<V>) {
    super(fd, shape);
    this.#keys = keys;
    this.#values = values;
  }

  /** The same map, the same descriptor, seen through other types. */
  withCodecs<K2, V2>(keys: Codec<K2>, values: Codec<V2>): KeyedMap<K2, V2> {
    return new KeyedMap(this.fd, this, keys, values);
  }

  get keyCodec(): Codec<K> {
    return this.#keys;
  }

  get valueCodec(): Codec<V> {
    return this.#values;
  }

  /** The value, or undefined. Throws MapError when the kernel refuses. */
  get(key: K): V | undefined {
    const result = this.#run('mapLookupElem', key);
    if (result === -ENOENT) return undefined;
    if (result < 0) throw this.#refused('mapLookupElem', 'get', result);
    return this.#values.decode(this.#valueView, 0);
  }

  has(key: K): boolean {
    const result = this.#run('mapLookupElem', key);
    if (result < 0 && result !== -ENOENT) throw this.#refused('mapLookupElem', 'has', result);
    return result >= 0;
  }

  /** Writes the value, whether the key is there or not. Throws MapError: `full`, `range`, `readOnly`. */
  set(key: K, value: V): void {
    const result = this.#write(key, value, Mode.any);
    if (result < 0) throw this.#refused('mapUpdateElem', 'set', result, key);
  }

  /** Writes the value if the key is not there yet, and tells whether it did. */
  insert(key: K, value: V): boolean {
    const result = this.#write(key, value, Mode.absent);
    if (result === -EEXIST) return false;
    if (result < 0) throw this.#refused('mapUpdateElem', 'insert', result, key);
    return true;
  }

  /** Writes the value if the key is there, and tells whether it did. */
  replace(key: K, value: V): boolean {
    const result = this.#write(key, value, Mode.present);
    if (result === -ENOENT) return false;
    if (result < 0) throw this.#refused('mapUpdateElem', 'replace', result, key);
    return true;
  }

  /** Deletes the key, and tells whether it was there. Arrays refuse: MapError. */
  delete(key: K): boolean {
    const result = this.#run('mapDeleteElem', key);
    if (result === -ENOENT) return false;
    if (result < 0) throw this.#refused('mapDeleteElem', 'delete', result);
    return true;
  }

  /**
   * Reads and deletes. In one step since Linux 5.14 (hashes); before, a write by a program between the
   * two steps is lost.
   */
  take(key: K): V | undefined {
    const result = this.#run('mapLookupAndDeleteElem', key);
    if (result === -ENOENT) return undefined;
    if (result >= 0) return this.#values.decode(this.#valueView, 0);
    if (result !== -ENOTSUPP && result !== -EINVAL) {
      throw this.#refused('mapLookupAndDeleteElem', 'take', result);
    }
    const value = this.get(key);
    if (value !== undefined && !this.delete(key)) return undefined;
    return value;
  }

  /** All elements: see the class for what is promised while programs write. */
  *entries(): Generator<[K, V], void, undefined> {
    const shape = this.#shape();
    const blocks = readBlocks(shape);
    for (;;) {
      const step = blocks.next();
      if (step.done === true) {
        if (!step.value) yield* this.#walk();
        return;
      }
      const { count, keys, values } = step.value;
      for (let i = 0; i < count; i++) {
        yield [this.#keys.decode(keys, i * shape.keySize), this.#values.decode(values, i * shape.valueSize)];
      }
    }
  }

  *keys(): Generator<K, void, undefined> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<V, void, undefined> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): Generator<[K, V], void, undefined> {
    return this.entries();
  }

  /**
   * Reads and deletes all elements, each in one step where the kernel can (hashes since 5.6). Read it to
   * its end: elements leave the map in blocks, before they are handed out.
   */
  *takeAll(): Generator<[K, V], void, undefined> {
    const shape = this.#shape();
    const blocks = readBlocks(shape, { take: true });
    for (;;) {
      const step = blocks.next();
      if (step.done === true) {
        if (step.value) return;
        break;
      }
      const { count, keys, values } = step.value;
      for (let i = 0; i < count; i++) {
        yield [this.#keys.decode(keys, i * shape.keySize), this.#values.decode(values, i * shape.valueSize)];
      }
    }
    for (const [key] of this.#walk()) {
      const value = this.take(key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** Counts by reading all elements: the kernel keeps no count. */
  count(): number {
    let count = 0;
    const blocks = readBlocks(this.#shape());
    for (;;) {
      const step = blocks.next();
      if (step.done !== true) count += step.value.count;
      else if (step.value) return count;
      else break;
    }
    for (const _ of this.#walk()) count++;
    return count;
  }

  /** Deletes all elements. */
  clear(): void {
    for (const _ of this.takeAll());
  }

  /**
   * Writes many elements, in one call where the kernel can. Throws MapError at the first that it
   * refuses; those before it are written.
   */
  setAll(entries: Iterable<readonly [K, V]>): void {
    const list = [...entries];
    if (list.length === 0) return;
    const shape = this.#shape();
    const keys = new Uint8Array(list.length * shape.keySize);
    const values = new Uint8Array(list.length * shape.valueSize);
    const [keyView, valueView] = [new DataView(keys.buffer), new DataView(values.buffer)];
    for (const [i, [key, value]] of list.entries()) {
      this.#keys.encode(key, keyView, i * shape.keySize);
      this.#values.encode(value, valueView, i * shape.valueSize);
    }
    const { done, result } = writeBlock(shape, { count: list.length, keys, values }, Mode.any);
    if (result === 0) return;
    if (lacksBatches(result)) {
      for (const [key, value] of list.slice(done)) this.set(key, value);
      return;
    }
    throw this.#refused('mapUpdateBatch', 'setAll', result, list[done]?.[0]);
  }

  /** Deletes many keys, in one call where the kernel can; keys that are not there do not matter. */
  deleteAll(keys: Iterable<K>): void {
    const list = [...keys];
    const shape = this.#shape();
    const bytes = new Uint8Array(list.length * shape.keySize);
    const view = new DataView(bytes.buffer);
    for (const [i, key] of list.entries()) this.#keys.encode(key, view, i * shape.keySize);
    let at = 0;
    while (at < list.length) {
      const rest = bytes.subarray(at * shape.keySize);
      const { done, result } = deleteBlock(shape, { count: list.length - at, keys: rest });
      at += done;
      if (result === 0) return;
      if (lacksBatches(result)) {
        for (const key of list.slice(at)) this.delete(key);
        return;
      }
      // The key that is missing is skipped, and the rest deleted.
      if (result !== -ENOENT) throw this.#refused('mapDeleteBatch', 'deleteAll', result);
      at += 1;
    }
  }

  #shape(): BatchShape {
    const { maxEntries, subject } = this;
    const fd = this.fd.number;
    return { fd, keySize: this.#keys.size, valueSize: this.#values.size, maxEntries, subject };
  }

  /** Key by key, the next key fetched before the current is handed out: deleting that one does no harm. */
  *#walk(): Generator<[K, V], void, undefined> {
    let key = this.#next(undefined);
    // Storages of control groups have no size: an element for each attachment.
    const most = this.maxEntries === 0 ? Number.POSITIVE_INFINITY : this.maxEntries;
    for (let steps = 0; key !== undefined && steps < most; steps++) {
      const next = this.#next(key);
      const value = this.get(key);
      if (value !== undefined) yield [key, value];
      key = next;
    }
  }

  #next(key: K | undefined): K | undefined {
    const call = this.#ready();
    if (key !== undefined) this.#keys.encode(key, this.#keyView, 0);
    const result = call.run('mapGetNextKey', 0, key === undefined);
    if (result === -ENOENT) return undefined;
    if (result < 0) throw this.#refused('mapGetNextKey', 'iterate', result);
    return this.#keys.decode(this.#valueView, 0);
  }

  #ready(): ElementCall {
    // Asks for the number each time: a closed handle must not reach another file of the same number.
    const fd = this.fd.number;
    if (this.#call === undefined) {
      this.#call = new ElementCall(fd, this.#keys.size, this.#values.size);
      this.#keyView = viewOf(this.#call.key);
      this.#valueView = viewOf(this.#call.value);
    }
    return this.#call;
  }

  #run(command: ElementCommand, key: K, flags = 0): number {
    const call = this.#ready();
    this.#keys.encode(key, this.#keyView, 0);
    return call.run(command, flags);
  }

  #write(key: K, value: V, flags: number): number {
    this.#ready();
    this.#values.encode(value, this.#valueView, 0);
    return this.#run('mapUpdateElem', key, flags);
  }

  #refused(command: Parameters<typeof bpfError>[0], operation: string, result: number, key?: K): Error {
    if (this.kind.indexed === true && typeof key === 'number' && key >= this.maxEntries) {
      return pastEnd(this.name, key, this.maxEntries);
    }
    return elementRefused(this.name, operation, bpfError(command, -result, this.subject), this.maxEntries);
  }
}

const empty = new DataView(new ArrayBuffer(0));

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
