/** Objects that cannot be run, typed as a user would: one clear sentence, exit code 1, and nothing left attached. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { olderThan } from '../../src/kernel/feature/release.ts';
import { bpfkit, startBpfkit } from '../support/command.ts';
import { addPair, enterNewNetwork, hasInterfaceKind, removeInterface, up } from '../support/network.ts';
import { projectRoot } from '../support/project.ts';
import { waitUntil } from '../support/wait.ts';

const clang = spawnSync('clang', ['--version']).status === 0;
const skip = process.geteuid?.() !== 0 ? 'needs root' : clang ? false : 'needs clang';
const folder = mkdtempSync(join(tmpdir(), 'bpfkit-object-errors-'));
after(() => rmSync(folder, { recursive: true }));

const head = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
char LICENSE[] SEC("license") = "GPL";
`;
const headLines = head.split('\n').length - 1;
const include = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

function compile(name: string, text: string, target = 'bpf'): string {
  const [source, path] = [join(folder, `${name}.bpf.c`), join(folder, `${name}.bpf.o`)];
  writeFileSync(source, text);
  const words = ['-target', target, '-g', '-O2', `-I/usr/include/${include}`, '-c', source, '-o', path];
  const { status, stderr } = spawnSync('clang', words);
  assert.equal(status, 0, stderr.toString());
  return path;
}

const empty = 'SEC("raw_tp/sys_enter") int empty(void *ctx) { return 0; }\n';

/** Runs it; it must fail with 1, say `sentence`, and show neither a stack nor call itself defective. */
async function refused(words: readonly string[], sentence: RegExp, exit = 1): Promise<string> {
  const { code, stderr } = await bpfkit(['run', ...words]);
  const text = stderr.toString();
  assert.equal(code, exit, text);
  assert.match(text, sentence);
  assert.doesNotMatch(text, /defect of bpfkit|\n {4}at /);
  return text;
}

const inC = (body: string): string => `SEC("raw_tp/sys_enter") int program(void *ctx) { ${body} }\n`;

/** Name, source behind the head, and what is said. */
const sources: readonly (readonly [string, string, RegExp])[] = [
  [
    'a SEC name that nobody knows',
    'SEC("kprobes/do_exit") int p(void *c) { return 0; }',
    /"p": no SEC name is called that; did you mean kprobe\/do_exit/,
  ],
  [
    'a map without entries',
    `struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, int); __type(value, int); } counts SEC(".maps");
${inC('int key = 0; return bpf_map_lookup_elem(&counts, &key) != 0;')}`,
    /map "counts": maxEntries is 0; say how many entries it has \(in C: __uint\(max_entries, N\)\)/,
  ],
  [
    'a variable in an arena that is not there',
    `long lost SEC(".addr_space.1") = 7;\n${inC('return lost;')}`,
    /section "\.addr_space\.1": the object has no arena; variables that are __arena need exactly one map of BPF_MAP_TYPE_ARENA/,
  ],
  [
    'a map that no memory holds',
    `struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4000000000); __type(key, int); __type(value, long[64]); } big SEC(".maps");
${inC('int key = 0; return bpf_map_lookup_elem(&big, &key) != 0;')}`,
    /map "big" .*: (?:ENOMEM, out of memory; 4000000000 entries|E2BIG)/,
  ],
  [
    'a member that the kernel lacks',
    `struct task_struct { int tgidd; } __attribute__((preserve_access_index));
${inC('struct task_struct *t = (void *)bpf_get_current_task(); return BPF_CORE_READ(t, tgidd);')}`,
    /this kernel has no task_struct\.tgidd \(candidates: struct task_struct\) .*; did you mean tgid\?/,
  ],
  [
    'a type that the kernel lacks',
    `struct no_such_type { int a; } __attribute__((preserve_access_index));
${inC('struct no_such_type *t = ctx; return t->a;')}`,
    /this kernel has no type no_such_type/,
  ],
  [
    'a helper that the kernel lacks',
    `static long (*newer)(void) = (void *)4000;\n${inC('return newer();')}`,
    /this kernel \([\d.]+\S*\) has no helper number 4000/,
  ],
  [
    'a kernel function that is not there',
    `extern int bpf_no_such_kfunc(void) __ksym;\n${inC('return bpf_no_such_kfunc();')}`,
    /extern "bpf_no_such_kfunc": this kernel \([\d.]+\) has no function bpf_no_such_kfunc .*; declare it __weak, and test/,
  ],
  [
    'a weak kernel function that is called all the same',
    `extern int bpf_no_such_kfunc(void) __ksym __weak;\n${inC('return bpf_no_such_kfunc();')}`,
    /has no function bpf_no_such_kfunc that programs may call .*; test with bpf_ksym_exists\(bpf_no_such_kfunc\)/,
  ],
  [
    'a symbol that the kernel lacks',
    `extern const void no_such_symbol __ksym;\n${inC('return (long)&no_such_symbol;')}`,
    /extern "no_such_symbol": this kernel has no such symbol; declare it __weak/,
  ],
  [
    'a function that nobody defines',
    `extern int other(int);\n${inC('return other(1);')}`,
    /"other" is declared extern and defined nowhere/,
  ],
  [
    'a tracepoint that is not there',
    'SEC("tp/sched/sched_proces_exec") int p(void *c) { return 0; }',
    /attach "p" \(tp\/sched\/sched_proces_exec\) to tracepoint \S+: .*no such tracepoint; did you mean sched:sched_process_exec/,
  ],
  [
    'a raw tracepoint that is not there',
    'SEC("raw_tp/sched_swich") int p(void *c) { return 0; }',
    /attach "p" \(raw_tp\/sched_swich\) to raw tracepoint sched_swich: ENOENT: .*; did you mean sched_switch\?/,
  ],
  [
    'a kernel function to trace that is not there',
    'SEC("fentry/do_unlinkatt") int p(void *c) { return 0; }',
    /attach "p" \(fentry\/do_unlinkatt\) to function do_unlinkatt: .* no such function; did you mean do_unlinkat/,
  ],
  [
    'a security hook that is not there',
    'SEC("lsm/file_opn") int p(void *c) { return 0; }',
    /attach "p" \(lsm\/file_opn\) to LSM hook file_opn: .* no such LSM hook; did you mean file_open/,
  ],
  [
    'a user function that is not there',
    'SEC("uprobe//usr/bin/bash:readlin") int p(void *c) { return 0; }',
    /attach "p" \(uprobe\/\/usr\/bin\/bash:readlin\) to uprobe \S+: the file has no such function; did you mean readline/,
  ],
  ['an object without programs', 'int nothing;', /it has no program, so nothing would run/],
];

for (const [what, source, sentence] of sources) {
  test(`${what} is said`, { skip }, () =>
    refused([compile(what.replaceAll(' ', '-'), head + source)], sentence).then(() => {}),
  );
}

test('what the verifier refuses has its line of C, the cause and what to do', { skip }, async () => {
  const source = `${head}struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, int); __type(value, int); } m SEC(".maps");
SEC("raw_tp/sys_enter")
int program(void *ctx)
{
	int key = 0;
	int *value = bpf_map_lookup_elem(&m, &key);
	return *value;
}
`;
  const line = headLines + 7;
  const said = await refused(
    [compile('verifier', source)],
    /a pointer that may be null is used without a test .*test it before its first use/,
  );
  assert.match(said, new RegExp(`:${line}:\\d+: `));
  assert.match(
    said,
    new RegExp(`\n  ${line} \\|     return \\*value;\n.*\\^`),
    'the text of the line, and where in it',
  );
  assert.doesNotMatch(said, /doctor/);
});

test('a file that is cut off, is nothing, or is for another machine is said', { skip }, async () => {
  const good = compile('good', head + empty);
  const cut = compile('cut', head + empty);
  truncateSync(cut, 500);
  await refused(
    [cut],
    /ends outside of the file, which has 500 .*; it is damaged or not whole: compile or copy it again/,
  );
  truncateSync(cut, 20);
  await refused([cut], /ends outside of the file, which has 20/);
  truncateSync(cut, 0);
  await refused([cut], /cut\.bpf\.o: it is empty: compile, build or copy it again/);
  writeFileSync(cut, 'hello');
  await refused([cut], /neither a package \(JSON\), nor a BPF object \(ELF\)/);
  truncateSync(cut, 3 * 2 ** 30);
  await refused([cut], /3221225472 bytes are more than a package has/);
  await refused([process.execPath], /more than a package has|not for BPF/);
  await refused(
    [compile('native', 'int x;', `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`)],
    /ELF for another machine .* not for BPF; compile with clang -target bpf/,
  );
  await refused(
    [compile('big-endian', head + empty, 'bpfeb')],
    /it is big-endian, this machine is little-endian; compile with clang -target bpfel/,
  );
  await refused([join(folder, 'none.bpf.o')], /none\.bpf\.o: no such file/);
  await refused([folder], /is no regular file/);
  await refused(['/dev/zero'], /is no regular file/);
  assert.ok(good);
});

test('bytes that are turned over anywhere never look like a defect', { skip }, async () => {
  const good = readFileSync(compile('hostile', `${head}int shared;\n${inC('shared++; return 0;')}`));
  const path = join(folder, 'turned.bpf.o');
  // Headers, the first sections, and the section table at the end: a process for each, so only a few.
  for (const at of [16, 40, 58, 60, 62, good.length - 60, good.length - 40, good.length - 32]) {
    const bytes = Uint8Array.from(good);
    bytes[at] = bytes[at]! ^ 0xff;
    bytes[at + 1] = bytes[at + 1]! ^ 0xff;
    writeFileSync(path, bytes);
    const { code, stderr } = await bpfkit(['run', path, '--help']);
    assert.ok(code === 0 || code === 1, `byte ${at}`);
    assert.doesNotMatch(stderr.toString(), /defect of bpfkit|\n {4}at /, `byte ${at}`);
  }
});

test('an object runs in a process that was started without standard input (T14)', { skip }, async (t) => {
  // The first descriptors that the kernel hands out are 0 and so on, which mean "none" in half of the fields of bpf(2).
  const source = `struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, int); } m SEC(".maps");
${inC('int key = 0; int *value = bpf_map_lookup_elem(&m, &key); if (value) *value = 1; return 0;')}`;
  const path = compile('no-stdin', head + source);
  const command = join(projectRoot, 'dist/bpfkit.cjs');
  const script = 'exec "$0" "$1" run "$2" --verbose <&- 2>&1';
  const child = spawn('sh', ['-c', script, process.execPath, command, path]);
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await waitUntil('it to be attached', () => /attached|bpfkit:/.test(said));
  assert.doesNotMatch(said, /bpfkit:/);
  child.kill('SIGINT');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0, said);
});

const xdp = 'SEC("xdp") int pass(struct xdp_md *ctx) { return XDP_PASS; }\n';

test('a program of an interface asks for one, where it is written, and names what is not there', {
  skip,
}, async () => {
  const path = compile('xdp', head + xdp);
  await refused(
    [path],
    /program "pass" \(xdp\): nothing says where it is attached\nto do: bpfkit run --interface NAME PACKAGE/,
  );
  await refused(
    [path, '--interface', 'lo'],
    /stands before the package: bpfkit run --interface VALUE PACKAGE/,
    2,
  );
  await refused(['--interface', 'nothing7', path], /xdp nothing7: there is no such interface/);
});

/** Runs an object that needs the kernel's types, where `mount` has changed what it sees of them. */
function withTypes(mount: string): string {
  const path = compile(
    'needs-types',
    `${head}struct task_struct { int tgid; } __attribute__((preserve_access_index));
${inC('struct task_struct *t = (void *)bpf_get_current_task(); return BPF_CORE_READ(t, tgid);')}`,
  );
  const command = join(projectRoot, 'dist/bpfkit.cjs');
  const script = `${mount} && exec "$0" "$1" run "$2"`;
  const { status, stderr } = spawnSync(
    'unshare',
    ['-m', 'sh', '-c', script, process.execPath, command, path],
    {
      timeout: 20_000,
      encoding: 'utf8',
    },
  );
  assert.equal(status, 1, stderr);
  return stderr;
}

test('a kernel that does not show its types, or shows something else, says what to do', { skip }, () => {
  const none = withTypes('mount -t tmpfs none /sys/kernel/btf');
  assert.match(none, /offers no type information; boot a kernel built with CONFIG_DEBUG_INFO_BTF=y/);
  for (const [name, content] of [
    ['empty', ''],
    ['text', 'hello'],
  ] as const) {
    const path = join(folder, name);
    writeFileSync(path, content);
    const said = withTypes(`mount --bind ${path} /sys/kernel/btf/vmlinux`);
    assert.match(
      said,
      /read \/sys\/kernel\/btf\/vmlinux: parse BTF: \d bytes are too few .*; .* see what is mounted/,
    );
  }
});

test('a function that the kernel has is called through a struct that is only declared; a wrong type is shown', {
  skip: skip || (olderThan('6.2') && 'needs kfuncs of Linux 6.2'),
}, async () => {
  const right = `struct task_struct;
extern struct task_struct *bpf_task_from_pid(int pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;
SEC("tp_btf/sched_switch") int program(void *ctx) { return 0; }
`;
  await refused(
    [
      compile(
        'kfunc-type',
        `${head}extern int bpf_task_from_pid(int, int) __ksym;\n${inC('return bpf_task_from_pid(1, 2);')}`,
      ),
    ],
    /this kernel has "struct task_struct \*bpf_task_from_pid\(s32 pid\)", the object declares "int bpf_task_from_pid\(int, int\)"/,
  );
  const body = 'struct task_struct *t = bpf_task_from_pid(1); if (t) bpf_task_release(t); return 0;';
  const path = compile('kfunc-forward', head + right.replace('return 0;', body));
  const run = startBpfkit(['run', path, '--verbose']);
  await run.saw(/attached/);
  run.signal('SIGINT');
  assert.equal((await run.result()).code, 0);
});

test('members of maps that are misspelt, and programs that nothing runs, are said', { skip }, async () => {
  await refused(
    [
      compile(
        'misspelt',
        `${head}struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entris, 4); __type(key, int); __type(value, int); } m SEC(".maps");
${inC('int key = 0; return bpf_map_lookup_elem(&m, &key) != 0;')}`,
      ),
    ],
    /map "m": unknown member "max_entris"; did you mean max_entries\?/,
  );
  const idle = startBpfkit([
    'run',
    compile('idle', `${head}SEC("syscall") int later(void *ctx) { return 0; }\n`),
  ]);
  await idle.saw(/program "later" \(syscall\) is not attached: it runs when it is called/);
  idle.signal('SIGINT');
  assert.equal((await idle.result()).code, 0);
});

/** Whether a program is on the interface, by the list of links. */
async function attachedTo(name: string): Promise<boolean> {
  const { stdout } = await bpfkit(['list', 'links', '--json']);
  return stdout
    .toString()
    .split('\n')
    .some((line) => line.includes('"xdp"') && line.includes(`"${name}"`));
}

test('a hook that is taken says by what; the first program stays', { skip }, async (t) => {
  enterNewNetwork();
  up('lo');
  const path = compile('taken', head + xdp);
  const first = startBpfkit(['run', '--interface', 'lo', path]);
  t.after(() => first.signal('SIGKILL'));
  await waitUntil('the first to be attached', () => attachedTo('lo'));
  await refused(
    ['--interface', 'lo', path],
    /xdp lo: EBUSY: the interface has an XDP program; it is held by program \d+ "pass"/,
  );
  assert.ok(await attachedTo('lo'));
  first.signal('SIGINT');
  assert.equal((await first.result()).code, 0);
  assert.equal(await attachedTo('lo'), false);
});

test('an interface that vanishes takes its program with it, and the run ends well', { skip }, async (t) => {
  enterNewNetwork();
  if (!hasInterfaceKind('veth')) return t.skip('needs veth');
  addPair('veth', 'gone', 'other');
  const run = startBpfkit(['run', '--interface', 'gone', compile('vanishes', head + xdp)]);
  t.after(() => run.signal('SIGKILL'));
  await waitUntil('it to be attached', () => attachedTo('gone'));
  removeInterface('gone');
  run.signal('SIGINT');
  const { code, stderr } = await run.result();
  assert.equal(code, 0, stderr.toString());
});
