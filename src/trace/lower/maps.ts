/** Maps of the script: keys, reading, writing, changing in place. */
import type { Value } from '../../compiler/ir.ts';
import { addTo, increment, lookUp, mapEntry } from '../../script/emit/counter.ts';
import type { BinaryOperator, Expr, MapExpr } from '../ast/nodes.ts';
import type { Span } from '../source.ts';
import { layoutOf, mapKeyLayout } from '../types/layout.ts';
import { int64, isAggregate } from '../types/type.ts';
import { readAggregate } from './aggregates.ts';
import { type Lowered, nothing, type Place } from './lowered.ts';
import { addressOf, frameMemory, inMemory, readPlace, registerOf, store } from './memory.ts';
import { arithmetic } from './operators.ts';
import type { MapPlan } from './script.ts';
import type { Lowering } from './state.ts';
import { isRegister, registerSize } from './types.ts';

// BPF_ANY of include/uapi/linux/bpf.h.
const any = 0;

export function mapOf(l: Lowering, expr: MapExpr): MapPlan {
  return l.script.map(expr.name);
}

/** The key of an entry in memory: of the map's own layout, without the bucket. */
export function keyOf(l: Lowering, expr: MapExpr): Value {
  return keyInMemory(l, mapOf(l, expr), expr.key);
}

export function keyInMemory(l: Lowering, { checked }: MapPlan, key: Expr | undefined): Value {
  if (!key || checked.scalar) {
    const slot = frameMemory(l, 'key', 8);
    l.b.store(8, slot, 0, l.b.constant(0));
    return slot;
  }
  return addressOf(l, inMemory(l, l.lower(key), checked.key, 'key'));
}

/** The key with a bucket behind it, for histograms and time series. */
export function bucketKey(l: Lowering, expr: MapExpr, bucket: () => Value): Value {
  const { checked } = mapOf(l, expr);
  const layout = mapKeyLayout(checked.key, checked.value);
  const at = layout.bucket ?? 0;
  const slot = frameMemory(l, 'key', layout.size);
  const { size } = layoutOf(checked.key);
  if (!expr.key || checked.scalar) store(l, zeroOf(l), int64, slot, 0);
  else store(l, l.lower(expr.key), checked.key, slot, 0);
  for (let byte = size; byte < at; byte++) l.b.store(1, slot, byte, l.b.constant(0));
  l.b.store(8, slot, at, bucket());
  return slot;
}

const zeroOf = (l: Lowering): Lowered => ({ kind: 'scalar', value: l.b.constant(0), type: int64 });

/** `@m[k]` as a value: zero or empty where there is no entry. */
export function readMap(l: Lowering, expr: MapExpr): Lowered {
  const map = mapOf(l, expr);
  if (isAggregate(map.checked.value)) return readAggregate(l, expr);
  return readEntry(l, map, lookUp(l, map.kernelName, keyOf(l, expr)));
}

/** The value of an entry that may be missing. */
export function readEntry(l: Lowering, map: MapPlan, entry: Value): Lowered {
  const { b } = l;
  const { value: type } = map.checked;
  const at = (base: Value): Place => ({ kind: 'place', base, offset: 0, type, memory: 'direct' });
  const branch: Parameters<Lowering['choose']>[0] = (yes, no) =>
    b.branch('ne', entry, b.constant(0), yes, no);
  if (isRegister(type)) {
    const result = b.variable('entry');
    let memory: Extract<Lowered, { kind: 'scalar' }>['memory'];
    l.choose(
      branch,
      () => {
        const read = readPlace(l, at(entry));
        if (read.kind === 'scalar') memory = read.memory;
        b.write(result, registerOf(l, read));
      },
      () => b.write(result, b.constant(0)),
    );
    return { kind: 'scalar', value: b.read(result), type, memory };
  }
  const found = b.variable('entry', { ...mapEntry, nullable: false } as typeof mapEntry);
  l.choose(
    branch,
    () => b.write(found, entry),
    () => b.write(found, l.script.zeros(l, layoutOf(type).size)),
  );
  return at(b.read(found));
}

/** `@m[k] = value`, an aggregation included. */
export function setMap(l: Lowering, target: MapExpr, value: Expr): void {
  const map = mapOf(l, target);
  if (isAggregate(map.checked.value) && value.kind !== 'map') {
    const before = l.target;
    l.target = target;
    l.lower(value);
    l.target = before;
    return;
  }
  const lowered = l.lower(value);
  // A number stays in its register while the key is made; bytes wait until they know where.
  const ready = lowered.kind === 'place' && isRegister(lowered.type) ? readPlace(l, lowered) : lowered;
  const key = keyOf(l, target);
  putEntry(l, map, key, ready);
}

function putEntry(l: Lowering, map: MapPlan, key: Value, lowered: Lowered): void {
  putRaw(l, map, key, addressOf(l, inMemory(l, lowered, map.checked.value)));
}

/** Makes or replaces an entry. */
export function putRaw(l: Lowering, map: MapPlan, key: Value, value: Value): void {
  const { b } = l;
  const result = l.call('map_update_elem', [b.mapAddress(map.kernelName), key, value, b.constant(any)]);
  if (map.canLose) l.script.losses.countFull(l, map.checked.name, result);
}

interface Change {
  readonly operator: BinaryOperator;
  readonly amount: Lowered;
  readonly span: Span;
}

/** `@m[k] op= value`. */
export function changeMap(
  l: Lowering,
  target: MapExpr,
  key: Value,
  wanted: 'nothing' | 'before' | 'after',
  { operator, amount, span }: Change,
): Lowered {
  const { b } = l;
  const map = mapOf(l, target);
  const { value: type } = map.checked;
  const size = registerSize(type);
  if (wanted === 'nothing' && (operator === '+' || operator === '-') && type.kind === 'int') {
    const number = registerOf(l, amount);
    const by = operator === '+' ? number : b.binary('sub', b.constant(0), number);
    increment(l, l.script.losses, counted(map), key, size, by);
    return nothing;
  }
  const entry = lookUp(l, map.kernelName, key);
  const before = readEntry(l, map, entry);
  const after = arithmetic(l, operator, before, amount, type, span);
  l.choose(
    (yes, no) => b.branch('ne', entry, b.constant(0), yes, no),
    () => b.store(size, entry, 0, after.value),
    () => putEntry(l, map, key, after),
  );
  return wanted === 'before' ? before : after;
}

/** How the map is counted in. */
export function counted(map: MapPlan): Parameters<typeof increment>[2] {
  return {
    name: map.kernelName,
    lossName: map.checked.name,
    perCpu: map.perCpu,
    array: false,
  };
}

/** Adds to one of the words of a value that exists. */
export function addWord(l: Lowering, entry: Value, offset: number, amount: Value): void {
  const address = offset === 0 ? entry : l.b.binary('add', entry, l.b.constant(offset), 64, entry.type);
  addTo(l, address, 8, amount);
}

export function deleteEntry(l: Lowering, map: MapPlan, key: Value): Value {
  return l.call('map_delete_elem', [l.b.mapAddress(map.kernelName), key]);
}

/** `&@m[k]`: the address of the value, 0 where there is none. */
export function mapEntryAddress(l: Lowering, expr: MapExpr): Value {
  return lookUp(l, mapOf(l, expr).kernelName, keyOf(l, expr));
}
