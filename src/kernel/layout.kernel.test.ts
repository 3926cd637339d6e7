import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Btf } from '../btf/btf.ts';
import { bpfCommands } from '../sys/bpf-attr.ts';
import { btfInfoFields, linkInfoFields, mapInfoFields, programInfoFields } from '../sys/bpf-info.ts';
import { type Field, type FieldTable, layoutOf } from '../sys/layout.ts';
import { perfAttrFields } from '../sys/perf.ts';
import { hasKernelTypes } from './feature/effects.ts';
import { helperSince } from './feature/helpers.ts';
import { AttachType, MapType, ProgramType } from './spec.ts';
import { vmlinux } from './vmlinux.ts';

/** Where the kernel has the member of a path, in bytes, and how large it is; undefined if it has none. */
function place(types: Btf, struct: number, path: string): { offset: number; size: number } | undefined {
  let [type, offset] = [struct, 0];
  for (const name of path.split('.')) {
    const member = types.member(types.strip(type), name);
    if (member === undefined) return undefined;
    offset += member.bitOffset / 8;
    type = member.type;
  }
  return { offset: Math.floor(offset), size: types.sizeOf(type) };
}

function compare(types: Btf, kind: 'struct' | 'union', name: string, table: FieldTable): string[] {
  const struct = types.find(name, kind);
  assert.ok(struct !== undefined, `${kind} ${name}`);
  const wrong: string[] = [];
  for (const field of layoutOf(table).fields.values()) wrong.push(...differs(types, struct, name, field));
  return wrong;
}

/** Members that a kernel of before its time lacks. */
const missing: string[] = [];

function differs(types: Btf, struct: number, name: string, field: Field): string[] {
  if (field.type === 'gap4') return [];
  const there = place(types, struct, field.path);
  if (there === undefined) {
    missing.push(`${name}.${field.path}`);
    return [];
  }
  // Bitfields share their word; the table has the whole word.
  const bitfield = field.path === 'disabled' || field.path === 'gpl_compatible';
  const same = there.offset === field.offset && (bitfield || there.size === field.size);
  return same
    ? []
    : [`${name}.${field.path}: ${field.offset}+${field.size}, kernel has ${there.offset}+${there.size}`];
}

test('every layout agrees with the running kernel', (t) => {
  if (!hasKernelTypes()) return t.skip('needs kernel BTF: /sys/kernel/btf/vmlinux');
  const types = vmlinux();
  const wrong = Object.values(bpfCommands).flatMap(({ fields }) =>
    compare(types, 'union', 'bpf_attr', fields),
  );
  wrong.push(...compare(types, 'struct', 'bpf_map_info', mapInfoFields));
  wrong.push(...compare(types, 'struct', 'bpf_prog_info', programInfoFields));
  wrong.push(...compare(types, 'struct', 'bpf_btf_info', btfInfoFields));
  for (const fields of Object.values(linkInfoFields)) {
    wrong.push(...compare(types, 'struct', 'bpf_link_info', fields));
  }
  wrong.push(...compare(types, 'struct', 'perf_event_attr', perfAttrFields));
  assert.deepEqual(wrong, []);
  t.diagnostic(
    missing.length === 0 ? 'no member is missing here' : `not in this kernel: ${missing.join(' ')}`,
  );
  // Old members are everywhere: a misspelt path would hide among the missing.
  assert.deepEqual(
    missing.filter(
      (path) =>
        !/token|tcx|netfilter|tracing_multi|uprobe_multi|kprobe_multi|cookie|revision|flags$|true_size|fd_array|map_extra|type_btf_obj|path_fd|batch_size|verified|attach_btf|relative|link_ids|link_attach_flags|btf_vmlinux_id|iter\.cgroup|iter\.task|core_relo|recursion_misses|btf_info\.(name|kernel_btf)|tracing\.target_(obj|btf)_id|info\.(perf_event|struct_ops|netkit|sockmap)|stream/.test(
          path,
        ),
    ),
    [],
  );
});

test('commands, map types, program types and attach types have the kernel’s numbers', (t) => {
  if (!hasKernelTypes()) return t.skip('needs kernel BTF: /sys/kernel/btf/vmlinux');
  const types = vmlinux();
  const values = (name: string): Map<string, number> => {
    const id = types.find(name, 'enum');
    const type = id === undefined ? undefined : types.type(id);
    assert.ok(type?.kind === 'enum');
    return new Map(type.values.map((value) => [value.name, Number(value.value)]));
  };
  const commands = values('bpf_cmd');
  for (const { name, number } of Object.values(bpfCommands)) {
    if (commands.has(name)) assert.equal(commands.get(name), number, name);
  }
  const compareTable = (
    table: Readonly<Record<string, number>>,
    prefix: string,
    known: Map<string, number>,
  ): number => {
    const squeeze = (text: string): string => text.replaceAll('_', '').toLowerCase();
    const byName = new Map([...known].map(([name, value]) => [squeeze(name), value]));
    let compared = 0;
    for (const [name, value] of Object.entries(table)) {
      const there = byName.get(squeeze(prefix + name));
      if (there === undefined) continue;
      assert.equal(there, value, name);
      compared++;
    }
    return compared;
  };
  assert.ok(compareTable(ProgramType, 'BPF_PROG_TYPE_', values('bpf_prog_type')) >= 25);
  assert.ok(compareTable(MapType, 'BPF_MAP_TYPE_', values('bpf_map_type')) >= 15);
  assert.ok(compareTable(AttachType, 'BPF_', values('bpf_attach_type')) >= 6);
});

test('the table of helpers knows the last helper of the running kernel', (t) => {
  if (!hasKernelTypes()) return t.skip('needs kernel BTF: /sys/kernel/btf/vmlinux');
  const types = vmlinux();
  const id = types.find('bpf_func_id', 'enum');
  const type = id === undefined ? undefined : types.type(id);
  if (type?.kind !== 'enum') return t.skip('needs enum bpf_func_id in the kernel BTF');
  const last = Number(type.values.find(({ name }) => name === '__BPF_FUNC_MAX_ID')?.value ?? 1) - 1;
  assert.notEqual(helperSince(last), undefined, `helper ${last}`);
});
