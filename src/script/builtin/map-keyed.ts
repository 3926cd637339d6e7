/** Hashes, arrays and tries, shared or per CPU. */
import type { Node } from 'acorn';
import type { Value } from '../../compiler/ir.ts';
import { fromShape, sizeOf } from '../lower/data-type.ts';
import { expression } from '../lower/expression.ts';
import { stackPlace, writePlace } from '../lower/memory.ts';
import { describe, type Operand } from '../lower/operand.ts';
import { scalarOf } from '../lower/scalar.ts';
import type { Lowering } from '../lower/state.ts';
import { messages } from '../messages.ts';
import type { Shape } from '../schema.ts';
import {
  countFull,
  errorOperand,
  inMemory,
  isPerCpu,
  type MapOperation,
  type MapSubject,
  valueOperand,
} from './map-operation.ts';

// BPF_ANY, BPF_NOEXIST, BPF_EXIST of include/uapi/linux/bpf.h.
const updateModes: Readonly<Record<string, number>> = { any: 0, new: 1, existing: 2 };

const count =
  (least: number, most: number): MapOperation['arity'] =>
  () => [least, most];

function shapes(l: Lowering, { map, name }: MapSubject, node: Node): { key: Shape; value: Shape } {
  if (map.key && map.value) return { key: map.key, value: map.value };
  return l.fail(node, messages.wrongType('a map with keys', `"${name}"`));
}

function lookup(l: Lowering, subject: MapSubject, key: Value): Value {
  return l.call('map_lookup_elem', [l.b.mapAddress(subject.name), key], {
    kind: 'pointer',
    provenance: 'mapValue',
    nullable: true,
  });
}

/**
 * Adds to the number in a map value, atomically. Values per CPU too: a probe that interrupts this one, or a
 * task that runs between (uprobes only hold the task on its CPU), may count in the same entry.
 */
export function addTo(l: Lowering, address: Value, size: number, amount: Value): void {
  if (size === 4 || size === 8) {
    l.b.atomic('add', size, address, 0, amount);
    return;
  }
  const old = l.b.load(size as 1, address, 0);
  l.b.store(size as 1, address, 0, l.b.binary('add', old, amount));
}

/**
 * `map[key] += amount`, the entry made if it is missing. Between the look-up and the insertion another
 * CPU may have made it: insertion asks for a new entry and, refused, looks again. A per-CPU entry that
 * another CPU just made holds zero on ours, so plain insertion is right there.
 *
 * What found no place is one more loss. Counting it is an addition like the other, so both are one
 * instruction, of the entry or of the counter of losses: programs that count stay short.
 */
export function increment(l: Lowering, subject: MapSubject, key: Value, shape: Shape, amount: Value): void {
  const { b } = l;
  const type = fromShape(shape);
  const size = sizeOf(type);
  const array = subject.map.kind === 'array' || subject.map.kind === 'perCpuArray';
  const [found, after] = [b.block('found'), b.block('after')];
  const entry = lookup(l, subject, key);
  if (array) {
    b.branch('ne', entry, b.constant(0), found, after);
    b.begin(found);
    addTo(l, entry, size, amount);
    b.jump(after);
    b.begin(after);
    return;
  }
  const counter = b.variable('counter', { kind: 'pointer', provenance: 'mapValue', nullable: false });
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
    first = stackPlace(l, 'first', type).base;
    b.store(size as 8, first, 0, amount);
  } else first = l.program.constantOne(l);
  const perCpu = isPerCpu(subject.map.kind);
  const mode = b.constant(perCpu ? updateModes.any : updateModes.new);
  const result = l.call('map_update_elem', [b.mapAddress(subject.name), key, first, mode]);
  b.branch('eq', result, b.constant(0), after, refused);
  b.begin(refused);
  if (!perCpu) {
    const [again, full] = [b.block('again'), b.block('full')];
    const other = lookup(l, subject, key);
    b.branch('ne', other, b.constant(0), again, full);
    b.begin(again);
    use(other, amount);
    b.begin(full);
  }
  if (size === 8) use(l.program.lossCounter(l, subject.name), one);
  else {
    l.program.countLostEntry(l, subject.name);
    b.jump(after);
  }
  b.begin(add);
  addTo(l, b.read(counter), size, step ? b.read(step) : one);
  b.jump(after);
  b.begin(after);
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
    arity: count(1, 1),
    lower(l, subject, args, node) {
      const { key, value } = shapes(l, subject, node);
      return valueOperand(l, subject, lookup(l, subject, inMemory(l, 'key', key, args[0])), value);
    },
  },
  set: {
    arity: count(2, 3),
    lower(l, subject, args, node) {
      const { key, value } = shapes(l, subject, node);
      const keyAddress = inMemory(l, 'key', key, args[0]);
      const valueAddress = inMemory(l, 'value', value, args[1]);
      const flags = mode(l, args[2]);
      const map = l.b.mapAddress(subject.name);
      const result = l.call('map_update_elem', [map, keyAddress, valueAddress, l.b.constant(flags)]);
      // With a mode of its own the program looks at the result; otherwise a full map must not go unnoticed.
      if (flags === updateModes.any && hashLike(subject)) countFull(l, subject.name, result);
      return errorOperand(l, result);
    },
  },
  delete: {
    arity: count(1, 1),
    lower(l, subject, args, node) {
      const { key } = shapes(l, subject, node);
      const address = inMemory(l, 'key', key, args[0]);
      return errorOperand(l, l.call('map_delete_elem', [l.b.mapAddress(subject.name), address]));
    },
  },
  has: {
    arity: count(1, 1),
    lower(l, subject, args, node) {
      const { key } = shapes(l, subject, node);
      const entry = lookup(l, subject, inMemory(l, 'key', key, args[0]));
      return { kind: 'boolean', value: l.b.compare('ne', entry, l.b.constant(0)) };
    },
  },
  increment: {
    arity: count(1, 2),
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
    arity: count(2, 2),
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
  l.program.countLostEntry(l, subject.name);
  b.write(entry, spare.base);
  b.jump(after);
  b.begin(after);
  return valueOperand(l, subject, b.read(entry), shape);
}
