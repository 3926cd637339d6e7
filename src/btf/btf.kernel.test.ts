import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { olderThan } from '../kernel/feature/release.ts';
import { bpfTry } from '../sys/bpf.ts';
import { Fd } from '../sys/fd.ts';
import { Btf } from './btf.ts';
import { BtfBuilder } from './build.ts';
import { copyType } from './copy.ts';
import { decoder } from './decode.ts';
import { encodeBtf } from './encode.ts';
import { BtfError } from './errors.ts';

const path = '/sys/kernel/btf/vmlinux';
const missing = existsSync(path) ? false : `needs kernel BTF: ${path} does not exist`;
const bytes = missing === false ? readFileSync(path) : new Uint8Array();

/** BPF_BTF_LOAD; the errno, or 0, and the kernel's own words. */
function load(btf: Uint8Array): { errno: number; log: string } {
  const log = new Uint8Array(1 << 16);
  const { result } = bpfTry('btfLoad', {
    btf,
    btfSize: btf.length,
    btfLogBuf: log,
    btfLogSize: log.length,
    btfLogLevel: 1,
  });
  if (result >= 0) Fd.own(result, 'BTF of a test').close();
  const text = Buffer.from(log.subarray(0, log.indexOf(0))).toString('latin1');
  return { errno: Math.max(0, -result), log: text.slice(-600) };
}

test('every type of the running kernel is read, and encodes back to the same type', { skip: missing }, () => {
  const btf = Btf.parse(bytes);
  assert.ok(btf.count > 50_000, `${btf.count} types`);
  const types = [];
  for (let id = 1; id < btf.count; id++) types.push(btf.type(id));
  const again = Btf.parse(encodeBtf(types, btf.littleEndian));
  assert.equal(again.count, btf.count);
  // A sample: comparing takes longer than all the rest.
  for (let id = 1; id < btf.count; id += 61) assert.deepEqual(again.type(id), types[id - 1]);
});

test('every sized type of the running kernel has members inside of it and an alignment', {
  skip: missing,
}, () => {
  const btf = Btf.parse(bytes);
  let structs = 0;
  for (let id = 1; id < btf.count; id++) {
    const type = btf.type(id);
    if (type.kind !== 'struct' && type.kind !== 'union') continue;
    structs++;
    const alignment = btf.alignOf(id);
    assert.ok(alignment >= 1 && type.size % alignment === 0, `${type.name} ${type.size} ${alignment}`);
    for (const member of type.members) {
      if (member.name !== '') assert.ok(btf.member(id, member.name) !== undefined);
    }
  }
  assert.ok(structs > 3_000, `${structs} structs`);
});

test('a name is found as a walk over all types finds it', { skip: missing }, () => {
  const btf = Btf.parse(bytes);
  for (const name of ['task_struct', 'file', 'pid_t', 'bpf_map_type', 'schedule', 'no_such_name']) {
    const walked = [];
    for (let id = 1; id < btf.count; id++) if (btf.name(id) === name) walked.push(id);
    assert.deepEqual(btf.findAll(name), walked);
  }
  const task = btf.find('task_struct', 'struct');
  assert.ok(task !== undefined);
  assert.equal(btf.sizeOf(btf.member(task, 'comm')!.type), 16);
});

test('zeroed bytes decode as any struct of the kernel that is not endless', { skip: missing }, () => {
  const btf = Btf.parse(bytes);
  let decoded = 0;
  for (let id = 1; id < btf.count; id += 7) {
    const type = btf.type(id);
    if (type.kind !== 'struct' || type.size > 4096) continue;
    try {
      decoder(btf, id)(new DataView(new ArrayBuffer(type.size)), 0);
      decoded++;
    } catch (error) {
      // Members that are functions or incomplete types have no value.
      assert.ok(error instanceof BtfError && (error.code === 'kind' || error.code === 'size'), String(error));
    }
  }
  assert.ok(decoded > 300, `${decoded} structs`);
});

test('the kernel accepts what the builder makes', () => {
  const builder = new BtfBuilder();
  const u32 = builder.int('unsigned int', 4, 'unsigned');
  const s64 = builder.int('long int', 8, 'signed');
  const char = builder.int('char', 1, 'signed');
  const node = builder.reserve();
  const next = builder.pointer(node);
  builder.define(node, {
    kind: 'struct',
    name: 'node',
    size: 40,
    members: [
      { name: 'next', type: next, bitOffset: 0, bitSize: 0 },
      { name: 'small', type: u32, bitOffset: 64, bitSize: 3 },
      { name: 'comm', type: builder.array(char, 16), bitOffset: 128, bitSize: 0 },
      { name: 'time', type: builder.typedef('time_alias', builder.const(s64)), bitOffset: 256, bitSize: 0 },
    ],
  });
  builder.enum('mode', [
    { name: 'MODE_A', value: 0n },
    // Signed enums of 32 bits came with those of 64.
    { name: 'MODE_B', value: olderThan('6.0') ? 5n : -5n },
  ]);
  builder.union('either', [
    { name: 'a', type: u32 },
    { name: 'b', type: s64 },
  ]);
  builder.forward('unknown_struct');
  builder.volatile(u32);
  builder.function('handle', u32, [{ name: 'ctx', type: builder.pointer(0) }]);
  const variable = builder.add({ kind: 'variable', name: 'counter', type: u32, linkage: 1 });
  builder.add({
    kind: 'section',
    name: '.bss',
    size: 4,
    variables: [{ type: variable, offset: 0, size: 4 }],
  });
  const { errno, log } = load(builder.encode());
  assert.equal(errno, 0, log);
});

test('the kernel accepts copies of its own types', { skip: missing }, () => {
  const btf = Btf.parse(bytes);
  const builder = new BtfBuilder();
  for (const name of ['task_struct', 'file', 'bpf_iter__task', 'linux_binprm', 'sk_buff', 'pt_regs']) {
    const id = btf.find(name, 'struct');
    if (id !== undefined) copyType(btf, id, builder);
  }
  const { errno, log } = load(builder.encode());
  assert.equal(errno, 0, log);
});
