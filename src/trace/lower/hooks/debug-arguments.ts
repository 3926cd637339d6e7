/** `args` of a program's function: each argument from where debug information says that it is. */
import type { Value } from '../../../compiler/ir.ts';
import type { ArgumentSource } from '../../../dwarf/arguments.ts';
import { layoutOf, roundUp } from '../../types/layout.ts';
import { type StructType, type Type, uint64 } from '../../types/type.ts';
import type { Lowered, Parts } from '../lowered.ts';
import { frameMemory, readPlace } from '../memory.ts';
import type { Lowering } from '../state.ts';
import { isRegister } from '../types.ts';
import { argumentValue, contextRegister } from './arguments.ts';

export function debugArguments(l: Lowering, type: Type, sources: ReadonlyMap<string, ArgumentSource>): Parts {
  const struct = type as StructType;
  return {
    kind: 'parts',
    type,
    part(name) {
      const member = struct.member(name);
      const source = sources.get(name);
      if (!member || !source) throw new Error(`internal: no argument ${name}`);
      return read(l, source, member.type);
    },
  };
}

function read(l: Lowering, source: ArgumentSource, type: Type): Lowered {
  switch (source.kind) {
    case 'registers': {
      const values = source.names.map((name) => register(l, name));
      return isRegister(type) ? argumentValue(l, values[0]!, type, false) : together(l, values, type);
    }
    case 'memory':
      return behind(l, register(l, source.register), source.offset, type);
    case 'behind':
      return behind(l, number(l, source.source), 0, type);
    case 'sum':
    case 'constant': {
      const value = number(l, source);
      return isRegister(type) ? argumentValue(l, value, type, false) : together(l, [value], type);
    }
  }
}

const register = (l: Lowering, name: string | number): Value => contextRegister(l, name) ?? l.b.constant(0);

/** The value of a source as 64 bits. */
function number(l: Lowering, source: ArgumentSource): Value {
  switch (source.kind) {
    case 'constant':
      return l.b.constant(BigInt.asIntN(64, source.value));
    case 'sum':
      return l.b.binary('add', register(l, source.register), l.b.constant(source.offset));
    case 'registers':
      return register(l, source.names[0]!);
    default: {
      const read64 = read(l, source, uint64);
      return read64.kind === 'scalar' ? read64.value : l.b.constant(0);
    }
  }
}

function behind(l: Lowering, base: Value, offset: number, type: Type): Lowered {
  return readPlace(l, { kind: 'place', base, offset, type, memory: 'user', foreign: true });
}

/** A struct that comes in registers, eight bytes in each. */
function together(l: Lowering, values: readonly Value[], type: Type): Lowered {
  const { size } = layoutOf(type);
  const base = frameMemory(l, 'argument', Math.max(values.length * 8, roundUp(size, 8)));
  for (const [index, value] of values.entries()) l.b.store(8, base, index * 8, value);
  return { kind: 'place', base, offset: 0, type, memory: 'direct', foreign: true };
}
