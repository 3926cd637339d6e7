/** Variables of the script: numbers in registers, the rest and those whose address is taken in the frame. */
import type { Value } from '../../compiler/ir.ts';
import { addressAt } from '../../script/emit/memory.ts';
import type { VariableExpr } from '../ast/nodes.ts';
import type { ScriptVariable } from '../checked.ts';
import { layoutOf } from '../types/layout.ts';
import type { Type } from '../types/type.ts';
import type { Lowered } from './lowered.ts';
import { clear, frameMemory, memoryOf, readPlace, registerOf, store, writeElements } from './memory.ts';
import type { Lowering, Storage } from './state.ts';
import { isRegister } from './types.ts';

/** Where a variable lives; made at its first appearance, which the language says is its declaration. */
export function storageOf(l: Lowering, variable: ScriptVariable): Storage {
  const known = l.variables.get(variable);
  if (known) return known;
  const { type } = variable;
  let made: Storage;
  if (isRegister(type) && !l.module.addressed(l.facts, variable)) {
    made = { kind: 'register', variable: l.b.variable(variable.name), type, memory: undefined };
    l.b.write(made.variable, l.b.constant(0));
  } else {
    const base = frameMemory(l, variable.name, layoutOf(type).size);
    made = { kind: 'memory', place: { kind: 'place', base, offset: 0, type, memory: 'direct' } };
  }
  l.variables.set(variable, made);
  return made;
}

export function readVariable(l: Lowering, expr: VariableExpr): Lowered {
  return readStorage(l, storageOf(l, l.facts.variableOf(expr)));
}

export function readStorage(l: Lowering, storage: Storage): Lowered {
  switch (storage.kind) {
    case 'register': {
      const { type, memory } = storage;
      return { kind: 'scalar', value: l.b.read(storage.variable), type, memory };
    }
    case 'memory':
      return readPlace(l, storage.place);
    case 'pair':
      return {
        kind: 'made',
        type: storage.type,
        write: (to, offset, as) =>
          writeElements(l, as, to, offset, (i) => (i === 0 ? storage.key : storage.value)),
      };
  }
}

/** `let $x` without a value: zero. */
export function declare(l: Lowering, variable: ScriptVariable): void {
  l.variables.delete(variable);
  const storage = storageOf(l, variable);
  if (storage.kind === 'memory')
    clear(l, storage.place.base, storage.place.offset, layoutOf(variable.type).size);
}

export function assign(l: Lowering, variable: ScriptVariable, lowered: Lowered): void {
  const { type } = variable;
  if (type.kind === 'none' || type.kind === 'void') return;
  const storage = storageOf(l, variable);
  switch (storage.kind) {
    case 'register': {
      // What more than one place assigns is read as its type says.
      if (type.kind === 'pointer')
        storage.memory = l.module.assignedOnce(l.facts, variable)
          ? memoryBehind(l, lowered, type)
          : undefined;
      l.b.write(storage.variable, registerOf(l, lowered));
      return;
    }
    case 'memory':
      return store(l, lowered, type, storage.place.base, storage.place.offset);
    case 'pair':
      throw new Error(`internal: ${variable.name} belongs to its loop`);
  }
}

function memoryBehind(
  l: Lowering,
  lowered: Lowered,
  type: Extract<Type, { kind: 'pointer' }>,
): Extract<Storage, { kind: 'register' }>['memory'] {
  const memory = lowered.kind === 'scalar' ? lowered.memory : undefined;
  return memory ?? memoryOf(l, type);
}

export function addressOfVariable(l: Lowering, expr: VariableExpr): Value {
  const storage = storageOf(l, l.facts.variableOf(expr));
  if (storage.kind !== 'memory') throw new Error(`internal: ${expr.name} has no address`);
  return addressAt(l, storage.place.base, storage.place.offset);
}
