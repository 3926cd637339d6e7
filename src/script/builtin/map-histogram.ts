/**
 * Histograms: counters by size class, per CPU so that counting is cheap and exact.
 *
 * Power-of-two classes: 0 is for negative values, 1 for zero, 2 + n for values from 2^n up to 2^(n+1).
 * Linear classes: 0 is below `min`, the last is `max` and above.
 */
import type { Node } from 'acorn';
import type { Value } from '../../compiler/ir.ts';
import { bitLength } from '../emit/numbers.ts';
import { fromShape, types } from '../lower/data-type.ts';
import { expression } from '../lower/expression.ts';
import { stackPlace, writePlace } from '../lower/memory.ts';
import { scalarOf } from '../lower/scalar.ts';
import type { Lowering } from '../lower/state.ts';
import type { MapDeclaration, MapKind } from '../maps.ts';
import { type Shape, u64 } from '../schema.ts';
import { increment } from './map-keyed.ts';
import type { MapOperation, MapSubject } from './map-operation.ts';

/** Classes of a power-of-two histogram. */
export const log2Classes = 66;

export function linearClasses({ min, max, step }: { min: number; max: number; step: number }): number {
  return Math.ceil((max - min) / step) + 2;
}

/** The key of a histogram map: the class alone, or the user's key and then the class. */
export function histogramKey(map: MapDeclaration<MapKind, unknown>): Shape {
  const slot = { kind: 'int', name: 'u32', bits: 32, signed: false } as const;
  if (!map.key) return slot;
  const known = keys.get(map.key);
  if (known) return known;
  const made: Shape = {
    kind: 'struct',
    name: 'histogram_key',
    fields: [
      { name: 'key', shape: map.key },
      { name: 'slot', shape: slot },
    ],
  };
  keys.set(map.key, made);
  return made;
}

const keys = new WeakMap<Shape, Shape>();

function log2Class(l: Lowering, value: Value, signed: boolean): Value {
  const { b } = l;
  const result = b.variable('class');
  const after = b.block('after');
  b.write(result, b.constant(0));
  if (signed) {
    const nonNegative = b.block('nonNegative');
    b.branch('slt', value, b.constant(0), after, nonNegative);
    b.begin(nonNegative);
  }
  b.write(result, bitLength(l, value, 1));
  b.jump(after);
  b.begin(after);
  return b.read(result);
}

function linearClass(
  l: Lowering,
  value: Value,
  signed: boolean,
  range: { min: number; max: number; step: number },
): Value {
  const { b } = l;
  const last = linearClasses(range) - 1;
  const result = b.variable('class');
  const [above, test, inside, after] = [
    b.block('above'),
    b.block('test'),
    b.block('inside'),
    b.block('after'),
  ];
  b.write(result, b.constant(0));
  b.branch(signed ? 'slt' : 'ult', value, b.constant(range.min), after, test);
  b.begin(test);
  b.branch(signed ? 'sge' : 'uge', value, b.constant(range.max), above, inside);
  b.begin(above);
  b.write(result, b.constant(last));
  b.jump(after);
  b.begin(inside);
  const distance = b.binary('sub', value, b.constant(range.min));
  b.write(result, b.binary('add', b.binary('div', distance, b.constant(range.step)), b.constant(1)));
  b.jump(after);
  b.begin(after);
  return b.read(result);
}

function record(l: Lowering, subject: MapSubject, args: readonly Node[], node: Node): void {
  const { map } = subject;
  const argument = args[args.length - 1];
  const scalar = scalarOf(l, expression(l, argument), argument);
  const slot = map.linear
    ? linearClass(l, scalar.value, scalar.type.signed, map.linear)
    : log2Class(l, scalar.value, scalar.type.signed);
  const shape = histogramKey(map);
  const place = stackPlace(l, 'class', fromShape(shape));
  const index = { kind: 'scalar', value: slot, type: types.u32 } as const;
  if (map.key) {
    const fields = new Map([
      ['key', expression(l, args[0])],
      ['slot', index],
    ]);
    writePlace(l, place, { kind: 'object', fields, node }, node);
  } else writePlace(l, place, index, node);
  const kind = map.key ? 'perCpuHash' : 'perCpuArray';
  increment(l, { name: subject.name, map: { ...map, kind } }, place.base, u64.shape, l.b.constant(1));
}

export const histogram: Readonly<Record<string, MapOperation>> = {
  record: {
    arity: (map) => (map.key ? [2, 2] : [1, 1]),
    lower(l, subject, args, node) {
      record(l, subject, args, node);
      return { kind: 'undefined' };
    },
  },
};
