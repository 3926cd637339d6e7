/**
 * Members of kernel structs in programs that are taken to other kernels (`--emit-elf`): where a member lies becomes a
 * question that the loader answers there. Programs for this kernel have plain distances.
 */
import type { FieldQuestion } from '../../asm/instruction.ts';
import type { Value } from '../../compiler/ir.ts';
import { addressAt, bytesReader } from '../../script/emit/memory.ts';
import type { StructMember } from '../types/type.ts';
import type { Place, Scalar } from './lowered.ts';
import type { Lowering } from './state.ts';
import { isSigned, registerSize } from './types.ts';

/**
 * The question for a member of `struct NAME` or `union NAME`. Undefined for programs that stay here, and for structs
 * that the kernel does not know by this name, or not like this: the script's own, those of modules.
 */
export function questionOf(
  l: Lowering,
  struct: string,
  name: string,
  offset: number,
): FieldQuestion | undefined {
  if (l.script.environment.portable !== true) return undefined;
  const [, kind, tag] = /^(struct|union) (.+)$/.exec(struct) ?? [];
  if (tag === undefined) return undefined;
  const { btf } = l.environment;
  const root = btf.find(tag, kind as 'struct' | 'union');
  const member = root === undefined ? undefined : btf.member(root, name);
  if (root === undefined || member === undefined) return undefined;
  if (member.bitSize === 0 && member.bitOffset !== offset * 8) return undefined;
  return { kind: 'fieldOffset', root, member: name };
}

/** `base` plus what the kernel of the loader answers; here it is `offset`. */
export function askedAddress(l: Lowering, base: Value, question: FieldQuestion, offset: number): Value {
  return l.b.binary('add', base, l.b.fieldConstant(question, offset), 64, base.type);
}

/** A bitfield as libbpf's BPF_CORE_READ_BITFIELD_PROBED reads it: its bytes, shifted up, then down. */
export function askedBitfield(
  l: Lowering,
  place: Place,
  question: FieldQuestion,
  member: StructMember,
): Scalar {
  const { b } = l;
  const { type, offset } = member;
  const { shift, size } = member.bitfield!;
  const ask = (kind: FieldQuestion['kind'], value: number): Value =>
    b.fieldConstant({ ...question, kind }, value);
  const bytes = b.slotAddress(b.slot('bits', 8));
  b.store(8, bytes, 0, b.constant(0));
  const from = askedAddress(l, addressAt(l, place.base, place.offset), question, offset);
  l.call(bytesReader(place.memory), [bytes, ask('fieldSize', registerSize(type)), from]);
  const up = b.binary('shl', b.load(8, bytes, 0), ask('fieldLeftShift', 64 - shift - size));
  const value = b.binary(isSigned(type) ? 'ashr' : 'lshr', up, ask('fieldRightShift', 64 - size));
  return { kind: 'scalar', value, type };
}
