/**
 * Values that belong to objects of the kernel: sockets (BPF_MAP_TYPE_SK_STORAGE, Linux 5.2), inodes (5.10), tasks
 * (5.11), control groups (6.2). A value comes with its object and goes with it.
 *
 * From outside the object is named by a descriptor: of the socket, of any file on the inode, of the process
 * (`openProcess`), of the group's directory. Nothing lists the objects that have a value, except iterators.
 */
import { constants } from 'node:os';
import { bpfError, ElementCall, type ElementCommand } from '../../sys/bpf.ts';
import type { Fd } from '../../sys/fd.ts';
import { littleEndian } from '../../sys/layout.ts';
import { elementRefused } from '../errors.ts';
import type { Codec } from './codec.ts';
import { BpfMap, type MapShape } from './map.ts';

const { ENOENT, EEXIST } = constants.errno;

/** BPF_ANY, BPF_NOEXIST. */
const Mode = { any: 0, absent: 1 } as const;

/** A descriptor of this process: its number, or its owner. */
export type ObjectKey = number | Fd;

export class StorageMap<V> extends BpfMap {
  readonly #values: Codec<V>;
  #call: ElementCall | undefined;

  constructor(fd: Fd, shape: MapShape, values: Codec<V>) {
    super(fd, shape);
    this.#values = values;
  }

  /** The object's value, or undefined. Throws MapError. */
  get(object: ObjectKey): V | undefined {
    const call = this.#ready(object);
    const result = call.run('mapLookupElem');
    if (result === -ENOENT) return undefined;
    if (result < 0) throw this.#refused('mapLookupElem', 'get', result);
    return this.#values.decode(view(call), 0);
  }

  /** Gives the object a value, or another. Throws MapError. */
  set(object: ObjectKey, value: V): void {
    const result = this.#write(object, value, Mode.any);
    if (result < 0) throw this.#refused('mapUpdateElem', 'set', result);
  }

  /** Gives the object a value if it has none, and tells whether it did. */
  insert(object: ObjectKey, value: V): boolean {
    const result = this.#write(object, value, Mode.absent);
    if (result === -EEXIST) return false;
    if (result < 0) throw this.#refused('mapUpdateElem', 'insert', result);
    return true;
  }

  /** Takes the value away, and tells whether there was one. */
  delete(object: ObjectKey): boolean {
    const result = this.#ready(object).run('mapDeleteElem');
    if (result === -ENOENT) return false;
    if (result < 0) throw this.#refused('mapDeleteElem', 'delete', result);
    return true;
  }

  #write(object: ObjectKey, value: V, mode: number): number {
    const call = this.#ready(object);
    this.#values.encode(value, view(call), 0);
    return call.run('mapUpdateElem', mode);
  }

  #ready(object: ObjectKey): ElementCall {
    const fd = this.fd.number;
    this.#call ??= new ElementCall(fd, 4, this.#values.size);
    const number = typeof object === 'number' ? object : object.number;
    new DataView(this.#call.key.buffer).setInt32(0, number, littleEndian);
    return this.#call;
  }

  #refused(command: ElementCommand, operation: string, result: number): Error {
    return elementRefused(this.name, operation, bpfError(command, -result, this.subject), this.maxEntries);
  }
}

function view(call: ElementCall): DataView {
  return new DataView(call.value.buffer, 0, call.value.length);
}
