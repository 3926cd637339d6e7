/**
 * Maps whose values are kernel objects: program arrays, perf event arrays, arrays and hashes of maps, maps of
 * sockets. They are written with a descriptor and read as an id; sockets as their cookie, from maps whose
 * values have 8 bytes.
 */
import { constants } from 'node:os';
import { bpfError, ElementCall } from '../../sys/bpf.ts';
import type { Fd } from '../../sys/fd.ts';
import { littleEndian } from '../../sys/layout.ts';
import { elementRefused, pastEnd } from '../errors.ts';
import { type Codec, u32Codec } from './codec.ts';
import { BpfMap, type MapShape } from './map.ts';

const { ENOENT } = constants.errno;

/** Whoever owns a descriptor: maps, programs, perf events. */
export interface HasFd {
  readonly fd: Fd;
}

export class DescriptorMap<K> extends BpfMap {
  readonly #keys: Codec<K>;
  #call: ElementCall | undefined;

  constructor(fd: Fd, shape: MapShape, keys: Codec<K>) {
    super(fd, shape);
    this.#keys = keys;
  }

  /** Puts an object in; the kernel keeps it alive as long as it is there. Throws MapError. */
  set(key: K, object: HasFd | Fd): void {
    const call = this.#ready(key);
    const { number } = 'number' in object ? object : object.fd;
    const value = new DataView(call.value.buffer);
    if (this.valueSize === 8) value.setBigUint64(0, BigInt(number), littleEndian);
    else value.setUint32(0, number, littleEndian);
    const result = call.run('mapUpdateElem');
    if (result < 0) throw this.#refused('mapUpdateElem', 'set', result, key);
  }

  /** The cookie of the socket, or undefined. Only maps of sockets with values of 8 bytes. Throws MapError. */
  getCookie(key: K): bigint | undefined {
    const call = this.#ready(key);
    const result = call.run('mapLookupElem');
    if (result === -ENOENT) return undefined;
    if (result < 0) throw this.#refused('mapLookupElem', 'getCookie', result, key);
    return new DataView(call.value.buffer).getBigUint64(0, littleEndian);
  }

  /** Keys of all objects that are there; indexes of arrays where nothing is are left out. Throws MapError. */
  *keys(): Generator<K, void, undefined> {
    let key: K | undefined;
    for (let steps = 0; steps <= this.maxEntries; steps++) {
      const call = key === undefined ? this.#ready(undefined) : this.#ready(key);
      const result = call.run('mapGetNextKey', 0, key === undefined);
      if (result === -ENOENT) return;
      if (result < 0) throw this.#refused('mapGetNextKey', 'iterate', result, key);
      key = this.#keys.decode(new DataView(call.value.buffer), 0);
      if (this.#present(key)) yield key;
    }
  }

  /** Keys and ids of all objects. Throws MapError where ids cannot be read. */
  *entries(): Generator<[K, number], void, undefined> {
    for (const key of this.keys()) {
      const id = this.getId(key);
      if (id !== undefined) yield [key, id];
    }
  }

  /** What cannot be read counts as there. */
  #present(key: K): boolean {
    return this.#ready(key).run('mapLookupElem') !== -ENOENT;
  }

  /** The id of the object, or undefined. Perf event arrays cannot be read: MapError. */
  getId(key: K): number | undefined {
    const call = this.#ready(key);
    const result = call.run('mapLookupElem');
    if (result === -ENOENT) return undefined;
    if (result < 0) throw this.#refused('mapLookupElem', 'getId', result, key);
    return new DataView(call.value.buffer).getUint32(0, littleEndian);
  }

  /** Takes the object out, and tells whether there was one. */
  delete(key: K): boolean {
    const result = this.#ready(key).run('mapDeleteElem');
    if (result === -ENOENT) return false;
    if (result < 0) throw this.#refused('mapDeleteElem', 'delete', result, key);
    return true;
  }

  #ready(key: K | undefined): ElementCall {
    const fd = this.fd.number;
    this.#call ??= new ElementCall(fd, this.#keys.size, Math.max(this.valueSize, 4));
    if (key !== undefined) this.#keys.encode(key, new DataView(this.#call.key.buffer), 0);
    return this.#call;
  }

  #refused(command: Parameters<typeof bpfError>[0], operation: string, result: number, key?: K): Error {
    if (this.kind.indexed === true && typeof key === 'number' && key >= this.maxEntries) {
      return pastEnd(this.name, key, this.maxEntries);
    }
    return elementRefused(this.name, operation, bpfError(command, -result, this.subject), this.maxEntries);
  }
}

/** An index below max_entries. */
export const indexCodec: Codec<number> = u32Codec;
