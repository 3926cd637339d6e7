/**
 * Ring buffers: events to user space. Linux 5.8.
 *
 * `reserve` gives memory of the ring itself, so an event is never copied. What it holds is whatever was
 * there before; bytes that the program does not write are zeroed (see ../lower/records.ts), so that
 * nothing of another process gets out. When the ring is full the loss is counted.
 */
import type { Node } from 'acorn';
import type { ValueType } from '../../compiler/ir.ts';
import { fromShape, type StructType, sizeOf } from '../lower/data-type.ts';
import { expression } from '../lower/expression.ts';
import { writePlace } from '../lower/memory.ts';
import type { Operand } from '../lower/operand.ts';
import type { Lowering } from '../lower/state.ts';
import type { MapOperation, MapSubject } from './map-operation.ts';

const recordType: ValueType = { kind: 'pointer', provenance: 'ringRecord', nullable: true };

function reserve(l: Lowering, subject: MapSubject): { operand: Operand; size: number } {
  const type = fromShape(subject.map.value ?? { kind: 'bool' });
  const size = sizeOf(type);
  const map = l.b.mapAddress(subject.name);
  const record = l.call('ringbuf_reserve', [map, l.b.constant(size), l.b.constant(0)], recordType);
  const tracked = { record, size, marker: undefined as ReturnType<Lowering['b']['constant']> | undefined };
  l.records.push(tracked);
  l.checks.set(record, {
    whenNull: () => l.program.losses.countRecord(l, subject.name),
    whenSet: () => {
      tracked.marker = l.b.constant(0);
    },
  });
  return {
    operand: { kind: 'pointer', value: record, target: type, memory: 'direct', writable: true },
    size,
  };
}

/** `event.submit()` and `event.discard()`: what a reserved event has besides its fields. */
export function recordOperation(l: Lowering, object: Operand, name: string): Operand | undefined {
  if (name !== 'submit' && name !== 'discard') return undefined;
  if (object.kind !== 'pointer' || !l.records.some(({ record }) => record === object.value)) return undefined;
  const { value } = object;
  return {
    kind: 'operation',
    name,
    call() {
      l.call(name === 'submit' ? 'ringbuf_submit' : 'ringbuf_discard', [value, l.b.constant(0)]);
      return { kind: 'undefined' };
    },
  };
}

function emit(l: Lowering, subject: MapSubject, argument: Node, node: Node): Operand {
  const { b } = l;
  const content = expression(l, argument);
  const { operand } = reserve(l, subject);
  if (operand.kind !== 'pointer') return operand;
  const [set, missing, after] = [b.block('reserved'), b.block('full'), b.block('after')];
  const sent = b.variable('sent');
  const check = l.checks.get(operand.value);
  l.checks.delete(operand.value);
  b.branch('ne', operand.value, b.constant(0), set, missing);
  b.begin(set);
  check?.whenSet?.();
  const type = operand.target as StructType;
  writePlace(l, { base: operand.value, offset: 0, type, memory: 'direct', writable: true }, content, node);
  l.call('ringbuf_submit', [operand.value, b.constant(0)]);
  b.write(sent, b.constant(1));
  b.jump(after);
  b.begin(missing);
  check?.whenNull?.();
  b.write(sent, b.constant(0));
  b.jump(after);
  b.begin(after);
  return { kind: 'boolean', value: b.read(sent) };
}

export const ring: Readonly<Record<string, MapOperation>> = {
  reserve: { arity: () => [0, 0], lower: (l, subject) => reserve(l, subject).operand },
  emit: { arity: () => [1, 1], lower: (l, subject, args, node) => emit(l, subject, args[0], node) },
};
