/** Arguments that the kernel passes as an array of u64 or in registers, by the struct that the script sees. */
import type { Value } from '../../../compiler/ir.ts';
import { registerMember, registersOf } from '../../../script/emit/registers.ts';
import { layoutOf } from '../../types/layout.ts';
import type { StructType, Type } from '../../types/type.ts';
import type { Lowered, Parts } from '../lowered.ts';
import { clear, memoryOf, store } from '../memory.ts';
import { fit } from '../operators.ts';
import type { Lowering } from '../state.ts';
import { isRegister } from '../types.ts';

/** An argument's 64 bits as a value of its type. */
export function argumentValue(l: Lowering, raw: Value, type: Type, typed: boolean): Lowered {
  if (type.kind === 'bool') return { kind: 'scalar', value: l.b.extend(raw, 8, false), type };
  if (type.kind === 'pointer') {
    const trusted = typed && type.target.kind === 'struct' && type.space !== 'user';
    return { kind: 'scalar', value: raw, type, memory: trusted ? 'kernelTyped' : memoryOf(l, type) };
  }
  if (isRegister(type)) return { kind: 'scalar', value: fit(l, raw, type), type };
  // A small struct by value.
  return {
    kind: 'made',
    type,
    write: (to, offset, as) => {
      clear(l, to, offset, layoutOf(as).size);
      store(
        l,
        { kind: 'scalar', value: raw, type: { kind: 'int', bits: 64, signed: false } },
        { kind: 'int', bits: 64, signed: false },
        to,
        offset,
      );
    },
  };
}

/** `args`: each member is what `read` gives for its place in the order of parameters. */
export function argumentParts(
  type: Type,
  read: (l: Lowering, index: number, name: string) => Value,
  typed: boolean,
): (l: Lowering) => Parts {
  const struct = structOf(type);
  const names = struct.memberNames();
  return (l) => ({
    kind: 'parts',
    type,
    part(name) {
      const member = struct.member(name);
      const index = names.indexOf(name);
      if (!member || index < 0) throw new Error(`internal: no argument ${name}`);
      return argumentValue(l, read(l, index, name), member.type, typed);
    },
  });
}

function structOf(type: Type): StructType {
  if (type.kind === 'struct') return type;
  if (type.kind === 'pointer' || type.kind === 'context') return structOf(type.target);
  throw new Error(`internal: args is ${type.kind}`);
}

/** BTF tracepoints, fentry, fexit: reads must be of 8 bytes (btf_ctx_access in kernel/bpf/btf.c). */
export function arrayArgument(l: Lowering, index: number): Value {
  return l.b.load(8, l.context, index * 8, { invariant: true });
}

/** A register of a context that begins with registers. */
export function contextRegister(l: Lowering, name: string | number): Value | undefined {
  const member = registerMember(l.environment, name);
  return member && l.b.load(8, l.context, member.offset, { invariant: true });
}

/** `argN` of a function that was just entered. */
export function registerArgument(l: Lowering, index: number): Value | undefined {
  const name = registersOf(l.environment.architecture).arguments[index];
  return name === undefined ? undefined : contextRegister(l, name);
}

export function registerResult(l: Lowering): Value {
  return contextRegister(l, registersOf(l.environment.architecture).result) ?? l.b.constant(0);
}

/** `reg(name)`: the names of struct pt_regs, `pc` and `sp` on every architecture. */
export function namedRegister(l: Lowering, name: string): Value | undefined {
  const { architecture } = l.environment;
  if (name === 'pc') return contextRegister(l, registersOf(architecture).instruction);
  const numbered = architecture === 'arm64' ? /^[rx](\d+)$/.exec(name)?.[1] : undefined;
  return contextRegister(l, numbered === undefined ? name : Number(numbered));
}
