/**
 * What a kernel program could not deliver, counted: records that found no place in a ring buffer and entries that
 * found none in a map (kernel/stream/lost.ts has the layout and the reader).
 */
import type { Value } from '../../compiler/ir.ts';
import { type MapSpec, MapType } from '../../kernel/spec.ts';
import { type LostLayout, lostCounterStride, lostLayout } from '../../kernel/stream/lost.ts';
import type { Emitter } from './emitter.ts';

/** The map of loss counters that every program with ring buffers or growing maps carries. */
export const lostMap = 'bpfkit_lost';

// BPF_F_MMAPABLE of include/uapi/linux/bpf.h.
const mmapable = 1 << 10;

/** Behind the counters: the value of a new entry that counts from one. */
const one = new Uint8Array(new BigUint64Array([1n]).buffer);

export class Losses {
  /** The counter of each ring buffer and map, by name. */
  readonly index: ReadonlyMap<string, number>;
  readonly #layout: LostLayout;

  constructor(names: Iterable<string>, possibleCpus: number) {
    this.index = new Map([...names].map((name, i) => [name, i]));
    this.#layout = lostLayout(Math.max(1, this.index.size), possibleCpus);
  }

  /** One more record of this ring buffer found no place: counted on the current CPU's own cache line. */
  countRecord(e: Emitter, ring: string): void {
    const { b } = e;
    const { cpus } = this.#layout;
    const counters = this.counter(e, ring);
    if (cpus === 1) {
      b.atomic('add', 8, counters, 0, b.constant(1));
      return;
    }
    const cpu = b.binary('and', e.call('get_smp_processor_id', []), b.constant(cpus - 1));
    const distance = b.binary('shl', cpu, b.constant(Math.log2(lostCounterStride)));
    b.atomic('add', 8, b.binary('add', counters, distance, 64, counters.type), 0, b.constant(1));
  }

  /** One more entry found no place. */
  countEntry(e: Emitter, map: string): void {
    e.b.atomic('add', 8, this.counter(e, map), 0, e.b.constant(1));
  }

  /** After a call that puts an entry into a map: counts it if there was no place; goes on either way. */
  countFull(e: Emitter, map: string, result: Value): void {
    const { b } = e;
    const [full, after] = [b.block('full'), b.block('after')];
    b.branch('eq', result, b.constant(0), after, full);
    b.begin(full);
    this.countEntry(e, map);
    b.jump(after);
    b.begin(after);
  }

  /**
   * The address of the first counter of losses of this map. Entries are counted there whatever the CPU:
   * a map that refuses an entry has gone through the locks of all CPUs before (__pcpu_freelist_pop in
   * kernel/bpf/percpu_freelist.c), so one more line that they share is not what makes it slow.
   */
  counter(e: Emitter, map: string): Value {
    return e.b.mapValueAddress(lostMap, (this.index.get(map) ?? 0) * this.#layout.cpus * lostCounterStride);
  }

  /**
   * The address of a u64 that is 1, behind the counters: a new entry that counts from one is made from it, which
   * is shorter than to put a one on the stack.
   */
  constantOne(e: Emitter): Value {
    return e.b.mapValueAddress(lostMap, this.#layout.valueSize);
  }

  /** The map, if there is anything to lose. */
  spec(): MapSpec | undefined {
    if (this.index.size === 0) return undefined;
    const { valueSize } = this.#layout;
    return {
      name: lostMap,
      type: MapType.array,
      keySize: 4,
      valueSize: valueSize + one.length,
      maxEntries: 1,
      flags: mmapable,
      contents: new Uint8Array([...new Uint8Array(valueSize), ...one]),
    };
  }
}
