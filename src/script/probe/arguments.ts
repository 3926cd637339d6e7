/** `k.args`: arguments by name, wherever a kind of probe keeps them. */
import type { Node } from 'acorn';
import type { Btf } from '../../btf/btf.ts';
import type { Parameter, TypeId } from '../../btf/types.ts';
import type { Value } from '../../compiler/ir.ts';
import type { Memory } from '../emit/emitter.ts';
import { type DataType, fromBtf, types } from '../lower/data-type.ts';
import type { Operand } from '../lower/operand.ts';
import type { Lowering } from '../lower/state.ts';

/** Named parts that are looked up when a body asks for them. */
export function namedParts(
  title: string,
  names: readonly string[],
  read: (name: string, node: Node) => Operand | undefined,
): Operand {
  return { kind: 'namespace', namespace: { title, names: () => [...names], member: read } };
}

/** A 64-bit register that holds an argument of this type, as an operand. */
export function argumentOperand(l: Lowering, raw: Value, type: DataType, memory: Memory): Operand {
  switch (type.kind) {
    case 'int': {
      const value = type.bits === 64 ? raw : l.b.extend(raw, type.bits, type.signed);
      return { kind: 'scalar', value, type };
    }
    case 'bool':
      return { kind: 'boolean', value: l.b.extend(raw, 8, false) };
    case 'pointer':
      return {
        kind: 'pointer',
        value: raw,
        target: type.target,
        memory: type.user ? 'user' : memory,
        writable: false,
      };
    default:
      return { kind: 'scalar', value: raw, type: types.u64 };
  }
}

/** The parameters of a function type, unnamed ones as arg0, arg1, ... */
export function parametersOf(btf: Btf, prototype: TypeId): Parameter[] {
  const type = btf.type(prototype);
  if (type.kind !== 'prototype') return [];
  return type.parameters.map((parameter, i) => ({ ...parameter, name: parameter.name || `arg${i}` }));
}

/**
 * Arguments that the kernel hands over as an array of u64: BTF tracepoints, fentry, fexit. Reads must be
 * of 8 bytes (btf_ctx_access in kernel/bpf/btf.c); narrower types are cut from it.
 */
export function arrayArguments(
  l: Lowering,
  title: string,
  btf: Btf,
  parameters: readonly Parameter[],
): Operand {
  return namedParts(
    title,
    parameters.map(({ name }) => name),
    (name) => {
      const index = parameters.findIndex((parameter) => parameter.name === name);
      if (index < 0) return undefined;
      return arrayArgument(l, btf, parameters[index].type, index);
    },
  );
}

export function arrayArgument(l: Lowering, btf: Btf, type: TypeId, index: number): Operand {
  const raw = l.b.load(8, l.context, index * 8, { invariant: true });
  const resolved = type === 0 ? types.u64 : fromBtf(btf, type);
  // Only pointers to structs carry a type that the verifier follows.
  const typed = resolved.kind === 'pointer' && resolved.target?.kind === 'struct';
  return argumentOperand(l, raw, resolved, typed ? 'kernelTyped' : 'kernelRaw');
}
