/**
 * The built-in kernel types against the kernel that runs the tests: every struct, field, tracepoint argument
 * and function parameter that an editor offers must be there, and of the kind that the editor says.
 *
 * The declarations are types and gone at run time, so the test reads their source.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Btf } from '../../btf/btf.ts';
import type { Parameter, TypeId } from '../../btf/types.ts';
import { tracefs } from '../../kernel/mounts.ts';
import { tracepointFormat } from '../../kernel/tracepoint/list.ts';

/** Fields that kernels of our three lack: their documentation says so. */
const lacking: ReadonlySet<string> = new Set(['kernel_cap_t.val']);

/** Tests run compiled, from a copy without sources; both have the same root. */
const sources = join(import.meta.dirname.replace(/\/\.build\/[^/]+/, ''), '.');
const vmlinux = '/sys/kernel/btf/vmlinux';
const skip = existsSync(vmlinux) ? false : 'needs BTF: this kernel has no /sys/kernel/btf/vmlinux';

interface Member {
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
}

/** The members of each `export interface NAME { … }` of a file; nested literals stay text. */
function interfacesOf(file: string): Map<string, Member[]> {
  const text = readFileSync(join(sources, file), 'utf8').replace(/\/\*\*.*?\*\//gs, '');
  const found = new Map<string, Member[]>();
  for (const [, name, body] of text.matchAll(/^export interface (\w+) \{\n(.*?)^\}/gms)) {
    found.set(name!, membersOf(body!));
  }
  return found;
}

/** A member begins at an indentation of two; what follows deeper, and its closing brace, belong to it. */
function membersOf(body: string): Member[] {
  const members = body
    .split('\n')
    .filter((line) => line.trim() !== '')
    .reduce<string[]>((found, line) => {
      if (/^ {2}[^\s}]/.test(line)) found.push(line.trim());
      else found[found.length - 1] += ` ${line.trim()}`;
      return found;
    }, []);
  const named = members.filter((member) => !/^(readonly )?\[/.test(member));
  return named.map((member) => {
    const parts = /^(?:readonly )?'?([\w:]+)'?(\??): (.*);$/.exec(member);
    assert.ok(parts, `a member that the test cannot read: ${member}`);
    return { name: parts[1]!, optional: parts[2] === '?', type: parts[3]! };
  });
}

/** `readonly a: T; readonly b: U` of an object literal type, on one line or several. */
function literalMembers(type: string): Member[] {
  return [...type.matchAll(/readonly (\w+): ([^;{}]+)/g)].map(([, name, text]) => ({
    name: name!,
    optional: false,
    type: text!.trim(),
  }));
}

/** What an editor makes of a kernel type: the words that the declarations use. */
function kindsOf(btf: Btf, id: TypeId): string[] {
  const type = btf.type(btf.strip(id));
  switch (type.kind) {
    case 'int':
      return type.encoding === 'bool'
        ? ['boolean']
        : [`${type.encoding === 'signed' || type.name === 'char' ? 'i' : 'u'}${type.size * 8}`];
    case 'enum':
    case 'enum64':
      return [`${type.signed ? 'i' : 'u'}${type.size * 8}`];
    case 'pointer': {
      const target = btf.type(btf.strip(type.target));
      if (target.kind === 'struct') return [target.name, 'Address'];
      if (target.kind === 'pointer') return [`KernelArray<${kindsOf(btf, type.target)[0]}>`, 'Address'];
      if (target.kind === 'int' && target.size === 8) return ['KernelArray<u64>', 'Address'];
      return ['Address'];
    }
    case 'array': {
      const element = btf.type(btf.strip(type.element));
      if (element.kind === 'int' && element.size === 1)
        return [element.name === 'char' ? 'string' : 'Uint8Array'];
      return kindsOf(btf, type.element).map((kind) => `KernelArray<${kind}>`);
    }
    case 'struct':
    case 'union':
      return [type.name, typedefOf(btf, id), '{'].filter((name) => name !== '');
    default:
      return [type.kind];
  }
}

function typedefOf(btf: Btf, id: TypeId): string {
  const type = btf.type(id);
  if (type.kind === 'typedef') return type.name;
  return 'target' in type && type.kind !== 'pointer' ? typedefOf(btf, type.target) : '';
}

/** `Struct<'file'>` and `file` are one to the kernel; so is `file | undefined`. */
function plain(type: string): string {
  return type
    .replace(/Struct<'(\w+)'>/g, '$1')
    .replace(/\bTask\b/, 'task_struct')
    .replace(' | undefined', '');
}

function fits(type: string, kinds: readonly string[]): boolean {
  return kinds.some((kind) => type === kind || (kind === '{' && type.startsWith('{')));
}

function check(btf: Btf, place: string, declared: Member, id: TypeId | undefined, wrong: string[]): void {
  if (id === undefined) {
    if (!declared.optional && !lacking.has(place)) wrong.push(`${place}: the kernel has no such name`);
    return;
  }
  const kinds = kindsOf(btf, id);
  if (!fits(plain(declared.type), kinds))
    wrong.push(`${place}: declared ${declared.type}, the kernel has ${kinds}`);
}

const btf = skip ? undefined : Btf.parse(readFileSync(vmlinux));

for (const file of ['structs/process.ts', 'structs/files.ts', 'structs/network.ts']) {
  test(`every field of ${file} is in the kernel's BTF, with the type that editors show`, { skip }, () => {
    assert.ok(btf);
    const wrong: string[] = [];
    const structs = interfacesOf(file);
    assert.ok(structs.size > 15, `${structs.size} interfaces read`);
    for (const [name, members] of structs) {
      const id = btf.find(name, 'struct') ?? btf.find(name, 'typedef');
      if (id === undefined) {
        wrong.push(`${name}: the kernel has no such struct`);
        continue;
      }
      assert.ok(members.length > 0, `members of ${name} read`);
      for (const member of members) {
        const found = btf.member(btf.strip(id), member.name);
        check(btf, `${name}.${member.name}`, member, found?.type, wrong);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

/** Parameters of a kernel function, or undefined. */
function parametersOf(
  types: Btf,
  name: string,
): { parameters: readonly Parameter[]; returns: TypeId } | undefined {
  const id = types.find(name, 'function');
  const found = id === undefined ? undefined : types.type(id);
  const prototype = found?.kind === 'function' ? types.type(found.prototype) : undefined;
  return prototype?.kind === 'prototype' ? prototype : undefined;
}

test("arguments of raw tracepoints are those of the kernel's BTF", { skip }, () => {
  assert.ok(btf);
  const wrong: string[] = [];
  const declared = interfacesOf('raw-tracepoints.ts').get('BuiltinRawTracepoints') ?? [];
  assert.ok(declared.length > 50, `${declared.length} tracepoints read`);
  for (const { name, type } of declared) {
    const found = parametersOf(btf, `__traceiter_${name}`);
    if (!found) {
      wrong.push(`${name}: the kernel has no such tracepoint`);
      continue;
    }
    for (const member of literalMembers(type)) {
      const parameter = found.parameters.find((each) => each.name === member.name);
      check(btf, `${name}.${member.name}`, member, parameter?.type, wrong);
    }
  }
  assert.deepEqual(wrong, []);
});

test("parameters and results of functions are those of the kernel's BTF", { skip }, () => {
  assert.ok(btf);
  const wrong: string[] = [];
  const declared = interfacesOf('functions.ts').get('BuiltinFunctions') ?? [];
  assert.ok(declared.length > 15, `${declared.length} functions read`);
  for (const { name, type } of declared) {
    const found = parametersOf(btf, name);
    if (!found) {
      wrong.push(`${name}: the kernel has no such function`);
      continue;
    }
    const members = literalMembers(type);
    const result = members.pop();
    assert.equal(result?.name, 'ret');
    assert.deepEqual(
      members.map((member) => member.name),
      found.parameters.map((parameter) => parameter.name),
      name,
    );
    for (const [i, member] of members.entries()) {
      check(btf, `${name}.${member.name}`, member, found.parameters[i]!.type, wrong);
    }
    if (found.returns !== 0) check(btf, `${name}.ret`, result, found.returns, wrong);
  }
  assert.deepEqual(wrong, []);
});

test("items of iterators are those of the kernel's BTF", { skip }, () => {
  assert.ok(btf);
  const wrong: string[] = [];
  const declared = interfacesOf('iterators.ts').get('Iterators') ?? [];
  assert.ok(declared.length > 10, `${declared.length} iterators read`);
  for (const { name, type } of declared) {
    const id = btf.find(`bpf_iter__${name}`, 'struct');
    if (id === undefined) {
      wrong.push(`${name}: the kernel has no such iterator`);
      continue;
    }
    for (const member of literalMembers(type)) {
      check(btf, `${name}.${member.name}`, member, btf.member(id, member.name)?.type, wrong);
    }
  }
  assert.deepEqual(wrong, []);
});

/** Where tracefs is, mounted in its usual place if need be. */
function eventsFolder(): string | undefined {
  try {
    return tracefs();
  } catch {
    return undefined;
  }
}

const events = eventsFolder();
const skipEvents = events === undefined ? 'needs tracefs: it is not mounted and cannot be' : false;

test('fields of tracepoints are those of tracefs', { skip: skipEvents }, (t) => {
  const wrong: string[] = [];
  const shapes = new Map([...interfacesOf('events/system.ts'), ...interfacesOf('events/device.ts')]);
  const table = [...(shapes.get('SystemEvents') ?? []), ...(shapes.get('DeviceEvents') ?? [])];
  assert.ok(table.length > 60, `${table.length} tracepoints read`);
  const absent: string[] = [];
  for (const { name, type } of table) {
    const [category, event] = name.split(':') as [string, string];
    const format = tracepointFormat(events ?? '', category, event);
    if (!format) {
      absent.push(name);
      continue;
    }
    const fields = new Map(format.fields.map((field) => [field.name, field]));
    for (const member of shapes.get(type) ?? []) {
      const field = fields.get(member.name);
      if (!field) wrong.push(`${name}.${member.name}: the kernel has no such field`);
      else if (!fieldFits(member.type, field))
        wrong.push(`${name}.${member.name}: declared ${member.type}, the kernel has ${field.type}`);
    }
  }
  assert.deepEqual(wrong, []);
  t.diagnostic(
    `${table.length - absent.length} of ${table.length} tracepoints compared; not in this kernel: ${absent.join(' ') || 'none'}`,
  );
});

/** Whether a field of tracefs may be declared so: its C type is free text there. */
function fieldFits(declared: string, field: { type: string; size: number; signed: boolean }): boolean {
  if (declared === 'string') return /\bchar\b/.test(field.type);
  if (declared === 'boolean') return /\bbool\b/.test(field.type);
  if (declared === 'Address') return field.type.includes('*');
  if (declared === 'Uint8Array' || declared.startsWith('KernelArray')) return true;
  return declared === `${field.signed ? 'i' : 'u'}${field.size * 8}`;
}

test('arguments of system calls are those of tracefs', {
  skip: skipEvents || (process.arch !== 'x64' && 'needs x86-64: names of arguments differ'),
}, () => {
  const wrong: string[] = [];
  const text = readFileSync(join(sources, 'events/syscalls.ts'), 'utf8');
  const rows = [...text.matchAll(/^ {2}(\w+): Arguments<([^>]*)>;/gms)];
  assert.ok(rows.length > 100, `${rows.length} system calls read`);
  for (const [, name, list] of rows) {
    const format = tracepointFormat(events ?? '', 'syscalls', `sys_enter_${name}`);
    if (!format) continue; // compiled out
    const declared = [...list!.matchAll(/'(\w+)'/g)].map(([, argument]) => argument);
    const real = format.fields
      .map((field) => field.name)
      .filter((field) => !/^common_|^__syscall_nr$/.test(field));
    if (declared.join() !== real.join()) wrong.push(`${name}: declared ${declared}, the kernel has ${real}`);
  }
  assert.deepEqual(wrong, []);
});
