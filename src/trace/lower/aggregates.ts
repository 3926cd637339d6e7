/** count, sum, min, max, avg, stats, hist, lhist, tseries: adding a value, and reading what has come together. */
import type { Value } from '../../compiler/ir.ts';
import { increment, lookUp, mapEntry } from '../../script/emit/counter.ts';
import { bitLength, floorLog2 } from '../../script/emit/numbers.ts';
import type { Expr, MapExpr } from '../ast/nodes.ts';
import { type AggregateType, type Type, type TypeOf, uint64 } from '../types/type.ts';
import { eachIndex } from './each-index.ts';
import { type Lowered, nothing } from './lowered.ts';
import { addWord, bucketKey, counted, keyOf, mapOf, putRaw } from './maps.ts';
import { frameMemory } from './memory.ts';
import { isPortable } from './portable.ts';
import type { MapPlan } from './script.ts';
import type { Lowering } from './state.ts';
import { isSigned } from './types.ts';

/** The union has one member for five kinds. */
type Extremes = Extract<AggregateType, { kind: 'sum' | 'min' | 'max' | 'avg' | 'stats' }>;

function targetOf(l: Lowering): { readonly target: MapExpr; readonly map: MapPlan } {
  if (!l.target) throw new Error('internal: an aggregation without a map');
  return { target: l.target, map: mapOf(l, l.target) };
}

export function count(l: Lowering): Lowered {
  const { target, map } = targetOf(l);
  increment(l, l.script.losses, counted(map), keyOf(l, target), 8, l.b.constant(1));
  return nothing;
}

export function sum(l: Lowering, value: Expr): Lowered {
  const { target, map } = targetOf(l);
  const amount = l.number(value);
  increment(l, l.script.losses, counted(map), keyOf(l, target), 8, amount);
  return nothing;
}

/** The entry, changed where it is there and made of `first` where it is not. */
function update(
  l: Lowering,
  map: MapPlan,
  key: Value,
  change: (entry: Value) => void,
  first: readonly Value[],
): void {
  const { b } = l;
  const entry = lookUp(l, map.kernelName, key);
  l.choose(
    (yes, no) => b.branch('ne', entry, b.constant(0), yes, no),
    () => change(entry),
    () => {
      const slot = frameMemory(l, 'first', first.length * 8);
      for (const [i, word] of first.entries()) b.store(8, slot, i * 8, word);
      putRaw(l, map, key, slot);
    },
  );
}

/** min and max: the value, and 1 if there is one. */
export function extreme(l: Lowering, value: Expr): Lowered {
  const { b } = l;
  const { target, map } = targetOf(l);
  const { kind, signed } = map.checked.value as Extremes;
  const number = l.number(value);
  const op = `${signed ? 's' : 'u'}${kind === 'min' ? 'lt' : 'gt'}` as 'slt';
  update(
    l,
    map,
    keyOf(l, target),
    (entry) => {
      const [store, compare, after] = [b.block('store'), b.block('compare'), b.block('after')];
      b.branch('eq', b.load(8, entry, 8), b.constant(0), store, compare);
      b.begin(compare);
      b.branch(op, number, b.load(8, entry, 0), store, after);
      b.begin(store);
      b.store(8, entry, 0, number);
      b.store(8, entry, 8, b.constant(1));
      b.jump(after);
      b.begin(after);
    },
    [number, b.constant(1)],
  );
  return nothing;
}

/** avg and stats: the total and the number of values. */
export function average(l: Lowering, value: Expr): Lowered {
  const { b } = l;
  const { target, map } = targetOf(l);
  const number = l.number(value);
  update(
    l,
    map,
    keyOf(l, target),
    (entry) => {
      addWord(l, entry, 0, number);
      addWord(l, entry, 8, b.constant(1));
    },
    [number, b.constant(1)],
  );
  return nothing;
}

/**
 * The bucket of a power-of-two histogram with 2^k buckets in each power: 0 for negative values, n + 1 below 2^k, then
 * ((l + 1) << k) + the k bits behind the first + 1, with l = floor(log2(n)) - k.
 */
function powerBucket(l: Lowering, value: Value, signed: boolean, k: number): Value {
  const { b } = l;
  const result = b.variable('bucket');
  const after = b.block('after');
  b.write(result, b.constant(0));
  if (signed) {
    const positive = b.block('positive');
    b.branch('slt', value, b.constant(0), after, positive);
    b.begin(positive);
  }
  if (k === 0) {
    b.write(result, bitLength(l, value, 1));
    b.jump(after);
    b.begin(after);
    return b.read(result);
  }
  const [small, large] = [b.block('small'), b.block('large')];
  b.branch('ult', value, b.constant(2 ** k), small, large);
  b.begin(small);
  b.write(result, b.binary('add', value, b.constant(1)));
  b.jump(after);
  b.begin(large);
  const power = b.binary('sub', floorLog2(l, value), b.constant(k));
  const inside = b.binary('and', b.binary('lshr', value, power), b.constant(2 ** k - 1));
  const start = b.binary('shl', b.binary('add', power, b.constant(1)), b.constant(k));
  b.write(result, b.binary('add', b.binary('add', start, inside), b.constant(1)));
  b.jump(after);
  b.begin(after);
  return b.read(result);
}

export function hist(l: Lowering, value: Expr): Lowered {
  const { target, map } = targetOf(l);
  const type = map.checked.value as TypeOf<'hist'>;
  const number = l.number(value);
  const bucket = powerBucket(l, number, isSigned(l.facts.typeOf(value)), type.bits);
  const key = bucketKey(l, target, () => bucket);
  increment(l, l.script.losses, counted(map), key, 8, l.b.constant(1));
  return nothing;
}

export function lhist(l: Lowering, value: Expr): Lowered {
  const { b } = l;
  const { target, map } = targetOf(l);
  const { min, max, step } = map.checked.value as TypeOf<'lhist'>;
  const number = l.number(value);
  const signed = isSigned(l.facts.typeOf(value));
  const result = b.variable('bucket');
  const [above, test, inside, after] = [
    b.block('above'),
    b.block('test'),
    b.block('inside'),
    b.block('after'),
  ];
  b.write(result, b.constant(0));
  b.branch(signed ? 'slt' : 'ult', number, b.constant(min), after, test);
  b.begin(test);
  b.branch(signed ? 'sgt' : 'ugt', number, b.constant(max), above, inside);
  b.begin(above);
  b.write(result, b.constant(1n + (max - min) / step));
  b.jump(after);
  b.begin(inside);
  const distance = min === 0n ? number : b.binary('sub', number, b.constant(min));
  b.write(result, b.binary('add', b.binary('div', distance, b.constant(step)), b.constant(1)));
  b.jump(after);
  b.begin(after);
  const bucket = b.read(result);
  const key = bucketKey(l, target, () => bucket);
  increment(l, l.script.losses, counted(map), key, 8, b.constant(1));
  return nothing;
}

/** What a time series holds for each interval: see types/layout.ts. */
export function tseries(l: Lowering, value: Expr): Lowered {
  const { b } = l;
  const { target, map } = targetOf(l);
  const type = map.checked.value as TypeOf<'tseries'>;
  const number = l.number(value);
  const now = l.call('ktime_get_boot_ns', []);
  // Intervals begin with those of the clock on the wall: at full seconds, minutes, hours of UTC.
  const time = b.binary('add', now, l.script.global(l, 'dayOffset'));
  const epoch = b.binary('div', time, b.constant(type.interval));
  const slot = b.binary('mod', epoch, b.constant(type.intervals));
  const meta = type.aggregate === 'last' ? now : b.constant(1);
  const key = bucketKey(l, target, () => slot);
  update(
    l,
    map,
    key,
    (entry) => {
      const [same, fresh, after] = [b.block('same'), b.block('fresh'), b.block('after')];
      b.branch('eq', b.load(8, entry, 16), epoch, same, fresh);
      b.begin(fresh);
      b.store(8, entry, 0, number);
      b.store(8, entry, 8, meta);
      b.store(8, entry, 16, epoch);
      b.jump(after);
      b.begin(same);
      switch (type.aggregate) {
        case 'last':
          b.store(8, entry, 0, number);
          b.store(8, entry, 8, meta);
          break;
        case 'sum':
          addWord(l, entry, 0, number);
          break;
        case 'avg':
          addWord(l, entry, 0, number);
          addWord(l, entry, 8, b.constant(1));
          break;
        default: {
          const op = `${type.signed ? 's' : 'u'}${type.aggregate === 'min' ? 'lt' : 'gt'}` as 'slt';
          l.choose(
            (yes, no) => b.branch(op, number, b.load(8, entry, 0), yes, no),
            () => b.store(8, entry, 0, number),
          );
        }
      }
      b.jump(after);
      b.begin(after);
    },
    [number, meta, epoch],
  );
  return nothing;
}

/** Reading in an expression: what all CPUs have brought together until now. */
export function readAggregate(l: Lowering, expr: MapExpr): Lowered {
  const map = mapOf(l, expr);
  return readAggregateAt(l, map, keyOf(l, expr));
}

/** Where an object is loaded: as many as the verifier follows well below its limit of a million instructions. */
const mostCpus = 512;

export function readAggregateAt(l: Lowering, map: MapPlan, key: Value): Lowered {
  const { b } = l;
  const type = map.checked.value as AggregateType;
  const signed = isSigned(type);
  const [first, second] = [b.variable('total'), b.variable('number')];
  const extremes = type.kind === 'min' || type.kind === 'max';
  const averages = type.kind === 'avg' || type.kind === 'stats';
  b.write(first, b.constant(0));
  b.write(second, b.constant(0));
  const cpus = isPortable(l) ? mostCpus : l.environment.possibleCpus;
  eachIndex(l, cpus, (cpu, next, out) => {
    const found = b.block('found');
    const entry = l.call('map_lookup_percpu_elem', [b.mapAddress(map.kernelName), key, cpu], mapEntry);
    // Behind the last CPU there is nothing (bpf_map_lookup_percpu_elem): another machine may have more of them.
    b.branch('eq', entry, b.constant(0), isPortable(l) ? out : next, found);
    b.begin(found);
    const value = b.load(8, entry, 0);
    if (extremes) {
      const [set, better] = [b.block('set'), b.block('better')];
      b.branch('eq', b.load(8, entry, 8), b.constant(0), next, set);
      b.begin(set);
      const compare = b.block('compare');
      b.branch('eq', b.read(second), b.constant(0), better, compare);
      b.begin(compare);
      const op = `${signed ? 's' : 'u'}${type.kind === 'min' ? 'lt' : 'gt'}` as 'slt';
      b.branch(op, value, b.read(first), better, next);
      b.begin(better);
      b.write(first, value);
      b.write(second, b.constant(1));
    } else {
      b.write(first, b.binary('add', b.read(first), value));
      if (averages) b.write(second, b.binary('add', b.read(second), b.load(8, entry, 8)));
    }
    b.jump(next);
  });
  const result = entryType(type);
  if (!averages) return { kind: 'scalar', value: b.read(first), type: result };
  const quotient = b.variable('average');
  b.write(quotient, b.constant(0));
  const total = b.read(first);
  const number = b.read(second);
  l.choose(
    (yes, no) => b.branch('ne', number, b.constant(0), yes, no),
    () => b.write(quotient, b.binary(signed ? 'sdiv' : 'div', total, number)),
  );
  const average = b.read(quotient);
  if (type.kind === 'avg') return { kind: 'scalar', value: average, type: result };
  return {
    kind: 'made',
    type: result,
    write(to, offset) {
      for (const [i, word] of [number, average, total].entries()) b.store(8, to, offset + i * 8, word);
    },
  };
}

/** What an entry is when it is read: a number, or the three of stats. */
export function entryType(type: AggregateType): Type {
  const number = { kind: 'int', bits: 64, signed: isSigned(type) } as const;
  if (type.kind !== 'stats') return number;
  return {
    kind: 'record',
    fields: [
      { name: 'count', type: uint64 },
      { name: 'average', type: number },
      { name: 'total', type: number },
    ],
  };
}
