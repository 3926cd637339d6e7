/**
 * What editors say about mistakes: the compiler runs over small programs, and its messages are compared.
 *
 * Each case marks its line with `// <-` and names the message's code and words. All cases are files of one
 * project, so the compiler starts once.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Btf } from '../../btf/btf.ts';
import { declarationsOf } from '../../btf/typescript.ts';

interface Case {
  readonly title: string;
  readonly source: string;
  /** One for each marked line, in order; none: the program is right. */
  readonly says: readonly RegExp[];
}

const cases: readonly Case[] = [
  {
    title: 'the program of the design compiles as it stands',
    source: `
const Exit = struct('Exit', { pid: u32, ppid: u32, code: u32, duration: u64, comm: chars(16) })

const exits = defineProgram({
  params: { minDuration: u64(0) },
  maps: { started: hash(u32, u64, 8192), events: ringbuf(Exit) },
  probes: {
    'tracepoint:sched:sched_process_exec'(k) {
      k.started.set(k.pid, k.ktime())
    },
    'tracepoint:sched:sched_process_exit'(k) {
      if (k.pid !== k.tid) return
      const at = k.started.get(k.pid)
      k.started.delete(k.pid)
      if (at && k.ktime() - at.value < k.minDuration) return
      const e = k.events.reserve()
      if (!e) return
      e.pid = k.pid
      e.ppid = k.task.real_parent.tgid
      e.code = (k.task.exit_code >> 8) & 0xff
      e.duration = at ? k.ktime() - at.value : 0
      k.comm(e.comm)
      e.submit()
    },
  },
})

using loaded = await exits.load({ params: { minDuration: 1_000_000n } })
for await (const e of loaded.events) console.log(e.pid, e.comm, e.duration)`,
    says: [],
  },
  {
    title: 'an unknown field of a kernel struct is an error that names the struct and the nearest field',
    source: `
defineProgram({ probes: { 'interval:s:1'(k) {
  k.u32(k.task.real_parnt.tgid) // <-
} } })`,
    says: [
      /TS2551: Property 'real_parnt' does not exist on type 'task_struct'. Did you mean 'real_parent'\?/,
    ],
  },
  {
    title: 'an unknown field of a tracepoint is an error that names the tracepoint and the nearest field',
    source: `
defineProgram({ probes: { 'tracepoint:sched:sched_switch'(k) {
  k.u32(k.args.next_pidd) // <-
} } })`,
    says: [/TS2551: Property 'next_pidd' does not exist on type 'sched_switch'. Did you mean 'next_pid'\?/],
  },
  {
    title: 'an unknown argument of a system call is an error that lists the arguments',
    source: `
defineProgram({ probes: { 'tracepoint:syscalls:sys_enter_openat'(k) {
  k.userStr(k.args.path) // <-
} } })`,
    says: [
      /TS2339: Property 'path' does not exist on type 'Arguments<"dfd" \| "filename" \| "flags" \| "mode">'/,
    ],
  },
  {
    title: 'an unknown field of an event is an error that lists its fields',
    source: `
defineProgram({ maps: { events: ringbuf(struct('Event', { pid: u32, comm: chars(16) })) }, probes: { 'interval:s:1'(k) {
  const e = k.events.reserve()
  if (!e) return
  e.pidd = k.pid // <-
  e.comm = k.pid // <-
  e.submit()
} } })`,
    says: [
      /TS2551: Property 'pidd' does not exist on type 'Reserved<\{ pid: number; comm: string; \}>'. Did you mean 'pid'\?/,
      /TS2322: Type 'number' is not assignable to type 'string'/,
    ],
  },
  {
    title: 'an event that may not have found room must be tested first',
    source: `
defineProgram({ maps: { events: ringbuf(struct('Event', { pid: u32 })) }, probes: { 'interval:s:1'(k) {
  const e = k.events.reserve()
  e.pid = k.pid // <-
} } })`,
    says: [/TS18048: 'e' is possibly 'undefined'/],
  },
  {
    title: 'keys and values of the wrong type are errors that name both types',
    source: `
defineProgram({ maps: { started: hash(u32, u64), named: hash(chars(16), struct('V', { a: u32, b: u32 })) }, probes: { 'interval:s:1'(k) {
  k.started.get(k.comm()) // <-
  k.started.set(k.pid, k.comm()) // <-
  k.named.get(k.pid) // <-
  k.named.set(k.comm(), { a: 1 }) // <-
  k.named.set(k.comm(), { a: 1, b: 2, c: 3 }) // <-
} } })`,
    says: [
      /TS2345: Argument of type 'string' is not assignable to parameter of type 'number'/,
      /TS2345: Argument of type 'string' is not assignable to parameter of type 'number'/,
      /TS2345: Argument of type 'number' is not assignable to parameter of type 'string'/,
      /TS2741: Property 'b' is missing in type '\{ a: number; \}' but required in type '\{ a: number; b: number; \}'/,
      /TS2353: Object literal may only specify known properties, and 'c' does not exist in type '\{ a: number; b: number; \}'/,
    ],
  },
  {
    title: 'an unknown map, parameter or built-in is an error',
    source: `
defineProgram({ params: { least: u64(0) }, maps: { started: hash(u32, u64) }, probes: { 'interval:s:1'(k) {
  k.startd.get(1) // <-
  k.u32(k.leats) // <-
  k.ktimee() // <-
} } })`,
    says: [
      /TS2551: Property 'startd' does not exist on type 'IntervalContext & .*Did you mean 'started'\?/,
      /TS2551: Property 'leats' does not exist .*Did you mean 'least'\?/,
      /TS2551: Property 'ktimee' does not exist .*Did you mean 'ktime'\?/,
    ],
  },
  {
    title: 'what a probe does not have is an error that names its context',
    source: `
defineProgram({ probes: {
  'tracepoint:sched:sched_switch'(k) {
    k.u32(k.ret) // <-
  },
  'uprobe:/bin/bash:readline'(k) {
    k.u32(k.args) // <-
  },
  'kprobe:vfs_read'(k) {
    k.u32(k.item) // <-
  },
} })`,
    says: [
      /TS2339: Property 'ret' does not exist on type 'TracepointContext<sched_switch>'/,
      /TS2551: Property 'args' does not exist on type 'UprobeContext'. Did you mean 'arg'\?/,
      /TS2339: Property 'item' does not exist on type 'KprobeContext</,
    ],
  },
  {
    title: 'text is compared with text',
    source: `
defineProgram({ probes: { 'interval:s:1'(k) {
  if (k.task.comm === 'bash') k.signal(9)
  if (k.task.comm === 5) return // <-
} } })`,
    says: [/TS2367: .*the types 'string' and 'number' have no overlap/],
  },
  {
    title: 'a misspelt probe is an error that lists the kinds, at the probe',
    source: `
defineProgram({ probes: {
  'tracepont:sched:sched_switch'() {}, // <-
} })`,
    says: [
      /TS2322: Type '\(\) => void' is not assignable to type 'NotAProbe<"tracepont:sched:sched_switch">'\.[\s\S]*a probe is named tracepoint:, /,
    ],
  },
  {
    title: 'a probe of the wrong form is an error that shows the right one',
    source: `
defineProgram({ probes: {
  'tracepoint:sched_switch'() {}, // <-
  'uprobe:readline'() {}, // <-
  'profile:99'() {}, // <-
  'software:page-fault:1'() {}, // <-
} })`,
    says: [
      /a tracepoint is named tracepoint:CATEGORY:NAME/,
      /a user probe is named uprobe:PATH:SYMBOL or uretprobe:PATH:SYMBOL/,
      /a timer is named profile:hz:99/,
      /an event counter is named software:EVENT:COUNT/,
    ],
  },
  {
    title: 'a name that is taken is an error at the declaration that says who has it',
    source: `
defineProgram({
  params: {
    pid: u32(0), // <-
    shared: u32(0),
  },
  maps: {
    shared: hash(u32, u32), // <-
    close: hash(u32, u32), // <-
    counts: hash(u32, u32),
  },
  functions: {
    counts: () => 0, // <-
  },
  probes: {},
})`,
    says: [
      /is not assignable to type '"k\.pid is built in: choose another name"'/,
      /is not assignable to type '"k\.shared is declared twice: choose another name"'/,
      /is not assignable to type '"close is a part of every loaded program: choose another name"'/,
      /is not assignable to type '"k\.counts is declared twice: choose another name"'/,
    ],
  },
  {
    title: 'arguments of functions are numbers, as many as were declared',
    source: `
defineProgram({
  functions: { within(k, value, limit) { return value < limit } },
  probes: { 'interval:s:1'(k) {
    if (k.within(k.pid, 5)) return
    if (k.within(k.comm(), 5)) return // <-
  } },
})`,
    says: [/TS2345: Argument of type 'string' is not assignable to parameter of type 'number'/],
  },
  {
    title: 'user space is checked as well: keys, parameters, probes, fields of events',
    source: `
const program = defineProgram({
  params: { least: u64(0) },
  maps: { started: hash(u32, u64), events: ringbuf(struct('Event', { pid: u32, at: u64 })) },
  probes: { 'interval:s:1'() {} },
})
using loaded = await program.load({
  params: {
    laest: 1n, // <-
  },
})
loaded.started.get('x') // <-
loaded.startd // <-
for await (const event of loaded.events) {
  const at: number = event.at // <-
  console.log(at, event.pidd) // <-
}`,
    says: [
      /TS2561: Object literal may only specify known properties, but 'laest' does not exist in type .*Did you mean to write 'least'\?/,
      /TS2345: Argument of type 'string' is not assignable to parameter of type 'number'/,
      /TS2551: Property 'startd' does not exist .*Did you mean 'started'\?/,
      /TS2322: Type 'bigint' is not assignable to type 'number'/,
      /TS2551: Property 'pidd' does not exist on type '\{ pid: number; at: bigint; \}'. Did you mean 'pid'\?/,
    ],
  },
];

/** In the project, even where tests run compiled, from a copy without sources. */
const types = import.meta.dirname.replace(/\/\.build\/[^/]+/, '');
const root = join(types, '../../..');

const prelude = `import { defineProgram } from 'bpfkit';
import { chars, hash, ringbuf, struct, u32, u64 } from 'bpfkit';
void [defineProgram, chars, hash, ringbuf, struct, u32, u64];
`;

const bpfkit = `export { defineProgram } from '${join(types, '../define.ts')}';
export * from '${join(types, '../maps.ts')}';
export * from '${join(types, '../schema.ts')}';
export type * from '${join(types, 'index.ts')}';
`;

let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'bpfkit-types-'));
});

after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What the compiler says about files of a new project, by file; continuation lines belong to their message. */
function compile(
  name: string,
  files: Readonly<Record<string, string>>,
): Map<string, { line: number; text: string }[]> {
  const project = join(folder, name);
  mkdirSync(project);
  const write = (file: string, content: string): void => writeFileSync(join(project, file), content);
  for (const [file, content] of Object.entries({ ...files, 'bpfkit.ts': bpfkit })) write(file, content);
  write('package.json', '{ "type": "module" }');
  const compilerOptions = {
    rootDir: '/',
    noEmit: true,
    declaration: false,
    isolatedDeclarations: false,
    rewriteRelativeImportExtensions: false,
    typeRoots: [join(root, 'node_modules/@types')],
    paths: { bpfkit: ['./bpfkit.ts'] },
  };
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions,
    include: [],
    files: Object.keys(files),
  };
  write('tsconfig.json', JSON.stringify(config));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const ran = spawnSync(process.execPath, [compiler, '-p', project, '--pretty', 'false'], {
    cwd: project,
    encoding: 'utf8',
  });
  assert.ifError(ran.error);
  const found = new Map<string, { line: number; text: string }[]>();
  for (const message of ran.stdout.split(/\n(?!\s|$)/)) {
    const parts = /^(.+?)\((\d+),\d+\): error ([\s\S]*)$/.exec(message.trim());
    if (!parts) continue;
    const [, file, line, text] = parts as unknown as [string, string, string, string];
    found.set(file, [...(found.get(file) ?? []), { line: Number(line), text }]);
  }
  return found;
}

test('editors say what is wrong with a program, in words that help', async (t) => {
  const files = Object.fromEntries(cases.map(({ source }, i) => [`case${i}.ts`, `${prelude}${source}\n`]));
  const said = compile('cases', files);
  const known = new Set(Object.keys(files));
  assert.deepEqual(
    [...said].filter(([file]) => !known.has(file)),
    [],
    'errors outside the cases',
  );
  for (const [i, { title, says }] of cases.entries()) {
    await t.test(title, () => {
      const file = `case${i}.ts`;
      const lines = files[file]!.split('\n');
      const marked = lines.flatMap((line, at) => (line.includes('// <-') ? [at + 1] : []));
      const messages = said.get(file) ?? [];
      assert.deepEqual(
        messages.map(({ line }) => line),
        marked,
        messages.map(({ line, text }) => `${line}: ${text}`).join('\n'),
      );
      assert.equal(says.length, marked.length);
      for (const [at, pattern] of says.entries()) assert.match(messages[at]!.text, pattern);
    });
  }
});

test('generated declarations take the place of the built-in ones, and only of those that they have', () => {
  const said = compile('generated', {
    'vmlinux.d.ts': `import type { Ptr, u64 } from 'bpfkit';
interface task_struct { readonly brand_new: u64; readonly parent: Ptr<task_struct> }
interface own_struct { readonly x: u64; readonly raw: Ptr<unknown> }
declare module 'bpfkit' {
  interface KernelTypes { task_struct: task_struct; own_struct: own_struct }
  interface Tracepoints { 'kvm:kvm_exit': { readonly exit_reason: u64 } }
  interface RawTracepoints { kvm_exit: { readonly task: Ptr<task_struct> } }
  interface KernelFunctions { vfs_read: { args: { readonly renamed: u64 }; ret: u64 } }
}
`,
    'use.ts': `${prelude}
defineProgram({ probes: {
  'tracepoint:kvm:kvm_exit'(k) {
    k.u32(k.task.parent.brand_new + k.args.exit_reason + k.cast(1, 'own_struct').raw);
    k.u32(k.task.pid); // line 8
    k.u32(k.cast(1, 'file').f_inode.i_ino);
  },
  'rawtracepoint:sched_switch'(k) {
    k.u32(k.args.next.brand_new);
    k.u32(k.args.next.pid); // line 13
  },
  'rawtracepoint:kvm_exit'(k) { k.u32(k.args.task.brand_new); },
  'kprobe:vfs_read'(k) {
    k.u32(k.args.renamed);
    k.u32(k.args.count); // line 18
  },
} });
`,
  });
  assert.deepEqual([...said.keys()], ['use.ts']);
  assert.deepEqual(
    said.get('use.ts')?.map(({ line, text }) => [line, text.split('\n')[0]]),
    [
      [8, "TS2339: Property 'pid' does not exist on type 'task_struct'."],
      [13, "TS2339: Property 'pid' does not exist on type 'task_struct'."],
      [18, "TS2339: Property 'count' does not exist on type '{ readonly renamed: number; }'."],
    ],
  );
});

test('what bpfkit writes for a kernel compiles, and bodies see it', (t) => {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync('/sys/kernel/btf/vmlinux');
  } catch {
    t.skip('needs BTF: this kernel has no /sys/kernel/btf/vmlinux');
    return;
  }
  const said = compile('vmlinux', {
    'vmlinux.d.ts': declarationsOf(Btf.parse(bytes), ['task_struct', 'vfs_read']),
    'use.ts': `${prelude}
defineProgram({ maps: { events: ringbuf(struct('E', { comm: chars(16), at: u64 })) }, probes: {
  'kprobe:vfs_read'(k) {
    const e = k.events.reserve();
    if (!e) return;
    e.comm = k.task.real_parent.comm;
    e.at = k.args.file.f_inode.i_ino + k.task.signal.pids[1].numbers[0].nr + k.task.sched_info.run_delay;
    if (k.task.mm) e.at = k.task.mm.exe_file.f_inode.i_sb.s_dev;
    k.str(k.task.cgroups.dfl_cgrp.kn.name, e.comm);
    k.u32(k.task.no_such_field); // line 13
    e.submit();
  },
} });
`,
  });
  assert.deepEqual(
    [...said].map(([file, messages]) => [
      file,
      messages.map(({ line, text }) => [line, text.split('\n')[0]]),
    ]),
    [['use.ts', [[13, "TS2339: Property 'no_such_field' does not exist on type 'task_struct'."]]]],
  );
});
