/**
 * BPF_MAP_TYPE_BLOOM_FILTER, Linux 5.16: a set that may say "yes" wrongly and never "no" wrongly, in a fixed number
 * of bits. Values cannot be taken out or listed.
 */
import { constants } from 'node:os';
import { bpfError, ElementCall, type ElementCommand } from '../../sys/bpf.ts';
import type { Fd } from '../../sys/fd.ts';
import { elementRefused } from '../errors.ts';
import type { Codec } from './codec.ts';
import { BpfMap, type MapShape } from './map.ts';

const { ENOENT } = constants.errno;

export class BloomFilter<V> extends BpfMap {
  readonly #values: Codec<V>;
  #call: ElementCall | undefined;

  constructor(fd: Fd, shape: MapShape, values: Codec<V>) {
    super(fd, shape);
    this.#values = values;
  }

  /** Puts a value in. Throws MapError. */
  add(value: V): void {
    const result = this.#run('mapUpdateElem', value);
    if (result < 0) throw this.#refused('mapUpdateElem', 'add', result);
  }

  /** False: the value was never put in. True: it probably was. */
  mayHave(value: V): boolean {
    const result = this.#run('mapLookupElem', value);
    if (result === -ENOENT) return false;
    if (result < 0) throw this.#refused('mapLookupElem', 'mayHave', result);
    return true;
  }

  #run(command: ElementCommand, value: V): number {
    const fd = this.fd.number;
    this.#call ??= new ElementCall(fd, 0, this.#values.size);
    const call = this.#call;
    this.#values.encode(value, new DataView(call.value.buffer, 0, call.value.length), 0);
    return call.run(command, 0, true);
  }

  #refused(command: ElementCommand, operation: string, result: number): Error {
    return elementRefused(this.name, operation, bpfError(command, -result, this.subject), this.maxEntries);
  }
}
