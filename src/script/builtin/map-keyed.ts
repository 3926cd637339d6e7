/** Hashes, arrays and tries, shared or per CPU. */
import type { Node } from 'acorn';
import type { Value } from '../../compiler/ir.ts';
import { increment as count, lookUp } from '../emit/counter.ts';
import { fromShape, sizeOf } from '../lower/data-type.ts';
import { expression } from '../lower/expression.ts';
import { stackPlace, writePlace } from '../lower/memory.ts';
import { describe, type Operand } from '../lower/operand.ts';
import { scalarOf } from '../lower/scalar.ts';
import type { Lowering } from '../lower/state.ts';
import { messages } from '../messages.ts';
import type { Shape } from '../schema.ts';
import {
  errorOperand,
  inMemory,
  isPerCpu,
  type MapOperation,
  type MapSubject,
  valueOperand,
} from './map-operation.ts';

// BPF_ANY, BPF_NOEXIST, BPF_EXIST of include/uapi/linux/bpf.h.
const updateModes: Readonly<Record<string, number>> = { any: 0, new: 1, existing: 2 };

const between =
  (least: number, most: number): MapOperation['arity'] =>
  () => [least, most];

function shapes(l: Lowering, { map, name }: MapSubject, node: Node): { key: Shape; value: Shape } {
  if (map.key && map.value) return { key: map.key, value: map.value };
  return l.fail(node, messages.wrongType('a map with keys', `"${name}"`));
}

function lookup(l: Lowering, subject: MapSubject, key: Value): Value {
  return lookUp(l, subject.name, key);
}

/** `map[key] += amount`, the entry made if it is missing. */
export function increment(
  l: Lowering,
  { name, map }: MapSubject,
  key: Value,
  shape: Shape,
  amount: Value,
): void {
  const array = map.kind === 'array' || map.kind === 'perCpuArray';
  const counted = { name, lossName: name, perCpu: isPerCpu(map.kind), array };
  count(l, l.program.losses, counted, key, sizeOf(fromShape(shape)), amount);
}

function mode(l: Lowering, node: Node | undefined): number {
  if (!node) return updateModes.any;
  const operand = expression(l, node);
  const text = operand.kind === 'text' ? new TextDecoder().decode(operand.bytes) : '';
  if (!Object.hasOwn(updateModes, text)) {
    return l.fail(node, messages.wrongType("'any', 'new' or 'existing'", describe(operand)));
  }
  return updateModes[text];
}

export const keyed: Readonly<Record<string, MapOperation>> = {
  get: {
    arity: between(1, 1),
    lower(l, subject, args, node) {
      const { key, value } = shapes(l, subject, node);
      return valueOperand(l, subject, lookup(l, subject, inMemory(l, 'key', key, args[0])), value);
    },
  },
  set: {
    arity: between(2, 3),
    lower(l, subject, args, node) {
      const { key, value } = shapes(l, subject, node);
      const keyAddress = inMemory(l, 'key', key, args[0]);
      const valueAddress = inMemory(l, 'value', value, args[1]);
      const flags = mode(l, args[2]);
      const map = l.b.mapAddress(subject.name);
      const result = l.call('map_update_elem', [map, keyAddress, valueAddress, l.b.constant(flags)]);
      // With a mode of its own the program looks at the result; otherwise a full map must not go unnoticed.
      if (flags === updateModes.any && hashLike(subject)) l.program.losses.countFull(l, subject.name, result);
      return errorOperand(l, result);
    },
  },
  delete: {
    arity: between(1, 1),
    lower(l, subject, args, node) {
      const { key } = shapes(l, subject, node);
      const address = inMemory(l, 'key', key, args[0]);
      return errorOperand(l, l.call('map_delete_elem', [l.b.mapAddress(subject.name), address]));
    },
  },
  has: {
    arity: between(1, 1),
    lower(l, subject, args, node) {
      const { key } = shapes(l, subject, node);
      const entry = lookup(l, subject, inMemory(l, 'key', key, args[0]));
      return { kind: 'boolean', value: l.b.compare('ne', entry, l.b.constant(0)) };
    },
  },
  increment: {
    arity: between(1, 2),
    lower(l, subject, args, node) {
      const { key, value } = shapes(l, subject, node);
      if (fromShape(value).kind !== 'int')
        return l.fail(node, messages.wrongType('a map of numbers', `"${subject.name}"`));
      const address = inMemory(l, 'key', key, args[0]);
      const amount = args[1] ? scalarOf(l, expression(l, args[1]), args[1]).value : l.b.constant(1);
      increment(l, subject, address, value, amount);
      return { kind: 'undefined' };
    },
  },
  getOrInit: {
    arity: between(2, 2),
    lower(l, subject, args, node) {
      const { key, value } = shapes(l, subject, node);
      return getOrInit(l, subject, inMemory(l, 'key', key, args[0]), value, args[1]);
    },
  },
};

function hashLike({ map }: MapSubject): boolean {
  return map.kind === 'hash' || map.kind === 'perCpuHash' || map.kind === 'lpmTrie';
}

/**
 * The entry, made from `initial` if it is missing. When even that fails (a full map) the program goes on
 * with a copy that is forgotten at its end, and the loss is counted.
 */
function getOrInit(l: Lowering, subject: MapSubject, key: Value, shape: Shape, initial: Node): Operand {
  const { b } = l;
  const type = fromShape(shape);
  const entry = b.variable('entry', { kind: 'pointer', provenance: 'mapValue', nullable: false });
  const [found, absent, after] = [b.block('found'), b.block('absent'), b.block('after')];
  const first = lookup(l, subject, key);
  b.branch('ne', first, b.constant(0), found, absent);
  b.begin(found);
  b.write(entry, first);
  b.jump(after);
  b.begin(absent);
  const spare = stackPlace(l, 'spare', type);
  writePlace(l, spare, expression(l, initial), initial);
  l.call('map_update_elem', [b.mapAddress(subject.name), key, spare.base, b.constant(updateModes.new)]);
  const [made, full] = [b.block('made'), b.block('full')];
  const second = lookup(l, subject, key);
  b.branch('ne', second, b.constant(0), made, full);
  b.begin(made);
  b.write(entry, second);
  b.jump(after);
  b.begin(full);
  l.program.losses.countEntry(l, subject.name);
  b.write(entry, spare.base);
  b.jump(after);
  b.begin(after);
  return valueOperand(l, subject, b.read(entry), shape);
}
