/**
 * The records of tracepoints as structs of the kernel. A format file says where a field is on this kernel only; the
 * struct that the kernel writes, `trace_event_raw_CLASS`, is in its BTF, so another kernel can be asked.
 *
 * Which class an event is of stands nowhere (TRACE_EVENT makes one of the event's own name, DEFINE_EVENT takes one that
 * is there): it is the struct that has exactly the fields of the format, at their places.
 */
import type { KernelQuestion } from '../../../asm/instruction.ts';
import type { Btf } from '../../../btf/btf.ts';
import type { TypeId } from '../../../btf/types.ts';
import type { StructType } from '../../types/type.ts';

/** Fields that all records begin with: programs may not read them. */
const common = /^common_/;
const prefix = 'trace_event_raw_';

/** The struct of an event's record, `format` as its format file says it; undefined where none is surely it. */
export function recordStruct(
  btf: Btf,
  category: string,
  event: string,
  format: StructType,
): TypeId | undefined {
  if (category === 'syscalls') {
    // Of include/linux/trace_events.h: not those of raw_syscalls, which lie otherwise on kernels with a longer head.
    const side = /^sys_(enter|exit)_/.exec(event)?.[1];
    return side === undefined ? undefined : btf.find(`syscall_trace_${side}`, 'struct');
  }
  const own = btf.find(prefix + event, 'struct');
  if (own !== undefined && fits(btf, own, format)) return own;
  const found = recordsOf(btf).filter(({ id }) => fits(btf, id, format));
  const alike = found.map(({ name }) => sameStart(name, event));
  const most = Math.max(...alike);
  const best = found.filter((_, i) => alike[i] === most);
  return best.length === 1 && (found.length === 1 || most >= 4) ? best[0]!.id : undefined;
}

/** A field's place in the record; undefined where the kernel's struct does not have it there. */
export function recordQuestion(
  btf: Btf,
  root: TypeId,
  format: StructType,
  name: string,
): KernelQuestion | undefined {
  const member = format.member(name);
  if (member === undefined) return undefined;
  const path = pathOf(btf, root, name, member.offset, member.dataLocation);
  return path && { kind: 'fieldOffset', types: btf, root, path };
}

function pathOf(
  btf: Btf,
  root: TypeId,
  name: string,
  offset: number,
  location: 'record' | 'field' | undefined,
): readonly (string | number)[] | undefined {
  const at = (id: TypeId, member: string): boolean => btf.member(id, member)?.bitOffset === offset * 8;
  if (btf.name(root) === 'syscall_trace_enter') {
    const first = btf.member(root, 'args');
    if (name === '__syscall_nr') return at(root, 'nr') ? ['nr'] : undefined;
    return first === undefined ? undefined : ['args', (offset * 8 - first.bitOffset) / 64];
  }
  if (name === '__syscall_nr') return at(root, 'nr') ? ['nr'] : undefined;
  const field =
    location === undefined ? name : `${location === 'record' ? '__data_loc_' : '__rel_loc_'}${name}`;
  return at(root, field) ? [field] : undefined;
}

function fits(btf: Btf, root: TypeId, format: StructType): boolean {
  const names = format.memberNames().filter((name) => !common.test(name));
  const type = btf.type(root);
  if (type.kind !== 'struct') return false;
  const own = type.members.filter(({ name }) => name !== 'ent' && name !== '__data');
  return own.length === names.length && names.every((name) => recordQuestion(btf, root, format, name));
}

const records = new WeakMap<Btf, readonly { readonly name: string; readonly id: TypeId }[]>();

function recordsOf(btf: Btf): readonly { readonly name: string; readonly id: TypeId }[] {
  let list = records.get(btf);
  if (list === undefined) {
    const found: { name: string; id: TypeId }[] = [];
    for (let id = 1; id < btf.count; id++) {
      if (btf.kind(id) !== 'struct') continue;
      const name = btf.name(id);
      if (name.startsWith(prefix)) found.push({ name: name.slice(prefix.length), id });
    }
    records.set(btf, (list = found));
  }
  return list;
}

function sameStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
