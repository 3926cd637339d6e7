/** What the operations on maps share: keys and values in memory, and the count of what did not fit. */
import type { Node } from 'acorn';
import type { Value } from '../../compiler/ir.ts';
import { type DataType, fromShape, types } from '../lower/data-type.ts';
import { expression } from '../lower/expression.ts';
import { addressOf, aggregate, stackPlace, writePlace } from '../lower/memory.ts';
import type { Operand } from '../lower/operand.ts';
import type { Lowering } from '../lower/state.ts';
import type { MapDeclaration, MapKind } from '../maps.ts';
import type { Shape } from '../schema.ts';

export interface MapSubject {
  readonly name: string;
  readonly map: MapDeclaration<MapKind, unknown>;
}

export interface MapOperation {
  arity(map: MapDeclaration<MapKind, unknown>): readonly [number, number];
  lower(l: Lowering, subject: MapSubject, args: readonly Node[], node: Node): Operand;
}

export function isPerCpu(kind: MapKind): boolean {
  return kind === 'perCpuHash' || kind === 'lruPerCpuHash' || kind === 'perCpuArray';
}

/**
 * True where others may change a value of the map between our load and our store: other CPUs, or another
 * task on this CPU before the probe has ended (uprobes and iterators only hold the task on its CPU, see
 * uprobe_prog_run in kernel/trace/bpf_trace.c).
 */
export function addsAtomically(l: Lowering, { map }: MapSubject): boolean {
  const { kind } = l.probe.attachment;
  return !isPerCpu(map.kind) || kind === 'uprobe' || kind === 'iterator';
}

/** The address of a key or value of this shape that holds the argument. */
export function inMemory(l: Lowering, name: string, shape: Shape, node: Node): Value {
  return operandInMemory(l, name, fromShape(shape), expression(l, node), node);
}

export function operandInMemory(
  l: Lowering,
  name: string,
  type: DataType,
  operand: Operand,
  node: Node,
): Value {
  const place = aggregate(operand);
  // A helper may read a key wherever it lies, if it lies there whole and in the right form.
  if (place?.memory === 'direct' && place.type === type && place.base.type.kind === 'pointer')
    return addressOf(l, place);
  const copy = stackPlace(l, name, type);
  writePlace(l, copy, operand, node);
  return addressOf(l, copy);
}

/** What `get` gives: the struct itself, or a cell whose `.value` is the number. */
export function valueOperand(l: Lowering, subject: MapSubject, value: Value, shape: Shape): Operand {
  const shared = addsAtomically(l, subject);
  const type = fromShape(shape);
  if (type.kind === 'struct')
    return { kind: 'pointer', value, target: type, memory: 'direct', writable: true, shared };
  return { kind: 'cell', value, type, shared };
}

/**
 * The result of a call that changes a map: 0 or a negative error. Kernels before 6.2 call the map's own
 * function in its place, whose `int` leaves the upper half of the register zero.
 */
export function errorOperand(l: Lowering, result: Value): Operand {
  return { kind: 'scalar', value: l.b.extend(result, 32, true), type: types.i32 };
}
