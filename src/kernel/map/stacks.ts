/** BPF_MAP_TYPE_STACK_TRACE, Linux 4.6: stacks that programs stored by bpf_get_stackid. */
import { constants } from 'node:os';
import { bpfError, ElementCall } from '../../sys/bpf.ts';
import type { Fd } from '../../sys/fd.ts';
import { littleEndian } from '../../sys/layout.ts';
import { elementRefused } from '../errors.ts';
import { BpfMap, type MapShape } from './map.ts';

const { ENOENT } = constants.errno;

/** Stacks by the id that bpf_get_stackid gave. */
export class StackMap extends BpfMap {
  #call: ElementCall | undefined;

  constructor(fd: Fd, shape: MapShape) {
    super(fd, shape);
  }

  /** Addresses from the innermost frame outwards, or undefined for an id that is not there. */
  get(id: number): bigint[] | undefined {
    const view = this.value(id);
    if (view === undefined) return undefined;
    const frames: bigint[] = [];
    for (let at = 0; at + 8 <= this.valueSize; at += 8) {
      const address = view.getBigUint64(at, littleEndian);
      // The kernel fills the rest of the value with zeros.
      if (address === 0n) break;
      frames.push(address);
    }
    return frames;
  }

  /** The value itself, borrowed until the next call: frames of a map with BPF_F_STACK_BUILD_ID are no addresses. */
  value(id: number): DataView | undefined {
    const call = this.#ready(id);
    const result = call.run('mapLookupElem');
    if (result === -ENOENT) return undefined;
    if (result < 0) {
      throw elementRefused(
        this.name,
        'get',
        bpfError('mapLookupElem', -result, this.subject),
        this.maxEntries,
      );
    }
    return new DataView(call.value.buffer);
  }

  /** Ids of all stacks. */
  *ids(): Generator<number, void, undefined> {
    let id: number | undefined;
    for (let steps = 0; steps <= this.maxEntries; steps++) {
      const call = this.#ready(id ?? 0);
      const result = call.run('mapGetNextKey', 0, id === undefined);
      if (result === -ENOENT) return;
      if (result < 0) {
        const error = bpfError('mapGetNextKey', -result, this.subject);
        throw elementRefused(this.name, 'iterate', error, this.maxEntries);
      }
      id = new DataView(call.value.buffer).getUint32(0, littleEndian);
      yield id;
    }
  }

  /** Forgets a stack, so that its id can be used again; tells whether it was there. */
  delete(id: number): boolean {
    const result = this.#ready(id).run('mapDeleteElem');
    if (result < 0 && result !== -ENOENT) {
      throw elementRefused(
        this.name,
        'delete',
        bpfError('mapDeleteElem', -result, this.subject),
        this.maxEntries,
      );
    }
    return result >= 0;
  }

  #ready(id: number): ElementCall {
    const fd = this.fd.number;
    this.#call ??= new ElementCall(fd, 4, this.valueSize);
    new DataView(this.#call.key.buffer).setUint32(0, id, littleEndian);
    return this.#call;
  }
}
