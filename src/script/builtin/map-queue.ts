/** Queues and stacks: values without keys. Linux 4.20. */
import { fromShape } from '../lower/data-type.ts';
import { stackPlace } from '../lower/memory.ts';
import type { Operand } from '../lower/operand.ts';
import type { Lowering } from '../lower/state.ts';
import { errorOperand, inMemory, type MapOperation, type MapSubject } from './map-operation.ts';

/** Copies the next value to the stack; the result is missing when there is none. */
function take(l: Lowering, subject: MapSubject, name: 'map_pop_elem' | 'map_peek_elem'): Operand {
  const { b } = l;
  const type = fromShape(subject.map.value ?? { kind: 'bool' });
  const copy = stackPlace(l, 'taken', type);
  const result = l.call(name, [b.mapAddress(subject.name), copy.base]);
  const [set, none, join] = [b.block('taken'), b.block('none'), b.block('join')];
  const entry = b.variable('taken', copy.base.type);
  b.branch('eq', result, b.constant(0), set, none);
  b.begin(set);
  b.write(entry, copy.base);
  b.jump(join);
  b.begin(none);
  b.write(entry, b.constant(0));
  b.jump(join);
  b.begin(join);
  const value = b.read(entry);
  if (type.kind === 'struct')
    return { kind: 'pointer', value, target: type, memory: 'direct', writable: true };
  return { kind: 'cell', value, type, shared: false };
}

export const queue: Readonly<Record<string, MapOperation>> = {
  push: {
    arity: () => [1, 1],
    lower(l, subject, args) {
      const value = inMemory(l, 'value', subject.map.value ?? { kind: 'bool' }, args[0]);
      const result = l.call('map_push_elem', [l.b.mapAddress(subject.name), value, l.b.constant(0)]);
      l.program.losses.countFull(l, subject.name, result);
      return errorOperand(l, result);
    },
  },
  pop: { arity: () => [0, 0], lower: (l, subject) => take(l, subject, 'map_pop_elem') },
  peek: { arity: () => [0, 0], lower: (l, subject) => take(l, subject, 'map_peek_elem') },
};
