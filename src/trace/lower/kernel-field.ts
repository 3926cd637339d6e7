/** Fields of kernel objects that built-ins read by themselves: found in BTF by name. */
import type { Value } from '../../compiler/ir.ts';
import type { Memory } from '../../script/emit/emitter.ts';
import { addressAt, loadFrom } from '../../script/emit/memory.ts';
import { fromBtf, type MemberInfo, sizeOf } from '../../script/lower/data-type.ts';
import { clear, readString } from './memory.ts';
import { askedAddress, isPortable } from './portable.ts';
import type { Lowering } from './state.ts';

export interface KernelObject {
  /** `task_struct` */
  readonly struct: string;
  readonly base: Value;
  readonly memory: Memory;
}

function memberOf(l: Lowering, struct: string, name: string): MemberInfo | undefined {
  const { btf } = l.environment;
  const id = btf.find(struct, 'struct');
  const type = id === undefined ? undefined : fromBtf(btf, id);
  return type?.kind === 'struct' ? type.member(name) : undefined;
}

/** Where the member lies: what is known here, and the distance from it. */
function placeOf(l: Lowering, struct: string, base: Value, { name, offset }: MemberInfo): [Value, number] {
  const types = l.environment.btf;
  const root = types.find(struct, 'struct');
  if (!isPortable(l) || root === undefined) return [base, offset];
  return [askedAddress(l, base, { kind: 'fieldOffset', types, root, path: [name] }, offset), 0];
}

/** A number in an object; 0 where this kernel has no such field. */
export function numberField(l: Lowering, { struct, base, memory }: KernelObject, name: string): Value {
  const member = memberOf(l, struct, name);
  if (!member) return l.b.constant(0);
  const signed = member.type.kind === 'int' && member.type.signed;
  const [from, offset] = placeOf(l, struct, base, member);
  return loadFrom(l, memory, from, offset, sizeOf(member.type), { signed });
}

/** What a pointer in an object leads to. */
export function objectField(l: Lowering, from: KernelObject, name: string): KernelObject {
  const member = memberOf(l, from.struct, name);
  const target = member?.type.kind === 'pointer' ? member.type.target : undefined;
  const struct = target?.kind === 'struct' ? target.name.replace(/^(struct|union) /, '') : '';
  const trusted = from.memory === 'kernelTyped' && !member?.inUnion;
  return { struct, base: numberField(l, from, name), memory: trusted ? 'kernelTyped' : 'kernelRaw' };
}

/** Text in an object, copied to where `size` bytes are for it. */
export function textField(
  l: Lowering,
  from: KernelObject,
  name: string,
  to: Value,
  offset: number,
  size: number,
): void {
  const member = memberOf(l, from.struct, name);
  if (!member) return clear(l, to, offset, size);
  const address = addressAt(l, ...placeOf(l, from.struct, from.base, member));
  readString(l, from.memory, address, Math.min(size, sizeOf(member.type)), to, offset, size);
}

/** The task that runs. */
export function currentTask(l: Lowering): KernelObject {
  const typed = l.environment.typedTask;
  const base = l.call(typed ? 'get_current_task_btf' : 'get_current_task', []);
  return { struct: 'task_struct', base, memory: typed ? 'kernelTyped' : 'kernelRaw' };
}
