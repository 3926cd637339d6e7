/** Counting in maps. */
import type { Value, ValueType } from '../../compiler/ir.ts';
import type { Emitter } from './emitter.ts';
import type { Losses } from './losses.ts';

// BPF_ANY and BPF_NOEXIST of include/uapi/linux/bpf.h.
const any = 0;
const onlyNew = 1;

export interface CountedMap {
  /** The name that instructions refer to. */
  readonly name: string;
  /** The name that losses are counted by. */
  readonly lossName: string;
  readonly perCpu: boolean;
  /** Elements are always there. */
  readonly array: boolean;
}

export const mapEntry: ValueType = { kind: 'pointer', provenance: 'mapValue', nullable: true };

export function lookUp(e: Emitter, map: string, key: Value): Value {
  return e.call('map_lookup_elem', [e.b.mapAddress(map), key], mapEntry);
}

/**
 * Adds to the number in a map value, atomically. Values per CPU too: a probe that interrupts this one, or a task that
 * runs between (uprobes only hold the task on its CPU), may count in the same entry. Where nobody else wants the
 * cache line it takes no longer than a load and a store.
 */
export function addTo(e: Emitter, address: Value, size: number, amount: Value): void {
  if (size === 4 || size === 8) {
    e.b.atomic('add', size, address, 0, amount);
    return;
  }
  const old = e.b.load(size as 1, address, 0);
  e.b.store(size as 1, address, 0, e.b.binary('add', old, amount));
}

/**
 * `map[key] += amount`, the entry made if it is missing. Between the look-up and the insertion another
 * CPU may have made it: insertion asks for a new entry and, refused, looks again. A per-CPU entry that
 * another CPU just made holds zero on ours, so plain insertion is right there.
 *
 * What found no place is one more loss. Counting it is an addition like the other, so both are one
 * instruction, of the entry or of the counter of losses: programs that count stay short.
 */
export function increment(
  e: Emitter,
  losses: Losses,
  map: CountedMap,
  key: Value,
  size: number,
  amount: Value,
): void {
  const { b } = e;
  const [found, after] = [b.block('found'), b.block('after')];
  const entry = lookUp(e, map.name, key);
  if (map.array) {
    b.branch('ne', entry, b.constant(0), found, after);
    b.begin(found);
    addTo(e, entry, size, amount);
    b.jump(after);
    b.begin(after);
    return;
  }
  const counter = b.variable('counter', { ...mapEntry, nullable: false } as ValueType);
  const one = b.constant(1);
  const step = amount.kind === 'constant' && amount.value === 1n ? undefined : b.variable('step');
  const [absent, refused, add] = [b.block('absent'), b.block('refused'), b.block('add')];
  const use = (address: Value, by: Value): void => {
    b.write(counter, address);
    if (step) b.write(step, by);
    b.jump(add);
  };
  b.branch('ne', entry, b.constant(0), found, absent);
  b.begin(found);
  use(entry, amount);
  b.begin(absent);
  let first: Value;
  if (step || size !== 8) {
    first = b.slotAddress(b.slot('first', Math.max(1, size), 8));
    b.store(size as 8, first, 0, amount);
  } else first = losses.constantOne(e);
  const mode = b.constant(map.perCpu ? any : onlyNew);
  const result = e.call('map_update_elem', [b.mapAddress(map.name), key, first, mode]);
  b.branch('eq', result, b.constant(0), after, refused);
  b.begin(refused);
  if (!map.perCpu) {
    const [again, full] = [b.block('again'), b.block('full')];
    const other = lookUp(e, map.name, key);
    b.branch('ne', other, b.constant(0), again, full);
    b.begin(again);
    use(other, amount);
    b.begin(full);
  }
  if (size === 8) use(losses.counter(e, map.lossName), one);
  else {
    losses.countEntry(e, map.lossName);
    b.jump(after);
  }
  b.begin(add);
  addTo(e, b.read(counter), size, step ? b.read(step) : one);
  b.jump(after);
  b.begin(after);
}
