/** BPF_MAP_TYPE_QUEUE and STACK, Linux 4.20: values without keys. */
import { constants } from 'node:os';
import { bpfError, ElementCall, type ElementCommand } from '../../sys/bpf.ts';
import type { Fd } from '../../sys/fd.ts';
import { elementRefused } from '../errors.ts';
import type { Codec } from './codec.ts';
import { BpfMap, type MapShape } from './map.ts';

const { ENOENT, E2BIG } = constants.errno;

/** BPF_EXIST: push makes room by dropping the oldest. */
const MAKE_ROOM = 2;

/** A queue (first in, first out) or a stack (last in, first out). */
export class QueueMap<V> extends BpfMap {
  readonly #values: Codec<V>;
  #call: ElementCall | undefined;

  constructor(fd: Fd, shape: MapShape, values: Codec<V>) {
    super(fd, shape);
    this.#values = values;
  }

  /** Adds a value; tells whether there was room. With `makeRoom` the oldest value gives way. */
  push(value: V, options: { readonly makeRoom?: boolean } = {}): boolean {
    const call = this.#ready();
    this.#values.encode(value, view(call), 0);
    const result = call.run('mapUpdateElem', options.makeRoom === true ? MAKE_ROOM : 0, true);
    if (result === -E2BIG) return false;
    if (result < 0) throw this.#refused('mapUpdateElem', 'push', result);
    return true;
  }

  /** Takes the next value out, or gives undefined when there is none. */
  pop(): V | undefined {
    return this.#read('mapLookupAndDeleteElem', 'pop');
  }

  /** The next value, which stays. */
  peek(): V | undefined {
    return this.#read('mapLookupElem', 'peek');
  }

  #read(command: ElementCommand, operation: string): V | undefined {
    const call = this.#ready();
    const result = call.run(command, 0, true);
    if (result === -ENOENT) return undefined;
    if (result < 0) throw this.#refused(command, operation, result);
    return this.#values.decode(view(call), 0);
  }

  #ready(): ElementCall {
    const fd = this.fd.number;
    this.#call ??= new ElementCall(fd, 0, this.#values.size);
    return this.#call;
  }

  #refused(command: ElementCommand, operation: string, result: number): Error {
    return elementRefused(this.name, operation, bpfError(command, -result, this.subject), this.maxEntries);
  }
}

function view(call: ElementCall): DataView {
  return new DataView(call.value.buffer, 0, call.value.length);
}
