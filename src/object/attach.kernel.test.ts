import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { closeSync, existsSync, mkdirSync, openSync, rmdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { CountingProgram } from '../../test/support/counting-program.ts';
import { saw, testOfTable } from '../../test/support/kinds-seen.ts';
import { objectBytes } from '../../test/support/objects.ts';
import { Observed, testPrograms } from '../../test/support/programs.ts';
import { waitUntil } from '../../test/support/wait.ts';
import type { FeatureName } from '../kernel/feature/features.ts';
import { feature } from '../kernel/feature/features.ts';
import { olderThan } from '../kernel/feature/release.ts';
import { IteratorLink } from '../kernel/link/iterator.ts';
import { cgroup2 } from '../kernel/mounts.ts';
import { ProgramType } from '../kernel/spec.ts';
import type { AttachOptions } from './attach.ts';
import { ObjectError } from './errors.ts';
import { type BpfObject, loadObject } from './object.ts';

/** The order of `enum place` in test/object/attach.bpf.c. */
const places = [
  'tracepoint',
  'raw_tracepoint',
  'typed_tracepoint',
  'uprobe',
  'uretprobe',
  'perf_event',
  'xdp',
  'tc',
  'cgroup',
  'kprobe',
  'kretprobe',
  'ksyscall',
  'fentry',
  'fexit',
  'lsm',
  'kprobe_multi',
  'kretprobe_multi',
  'kprobe_session',
  'kretsyscall',
  'uprobe_sleepable',
  'uretprobe_sleepable',
  'uprobe_multi',
  'uretprobe_multi',
  'uprobe_multi_sleepable',
  'uprobe_session',
  'fentry_sleepable',
  'fexit_sleepable',
  'lsm_sleepable',
  'fmod_ret',
  'fsession',
  'fentry_multi',
  'fexit_multi',
  'fsession_multi',
  'raw_tracepoint_writable',
  'tracepoint_sleepable',
  'raw_tracepoint_sleepable',
  'typed_tracepoint_sleepable',
  'uretprobe_multi_sleepable',
  'uprobe_session_sleepable',
  'fentry_tested',
  'fexit_tested',
  'fmod_ret_tested',
  'fsession_tested',
  'fentry_multi_tested',
  'fexit_multi_tested',
  'fsession_multi_tested',
  'syscall_program',
];

function load(program: string): BpfObject {
  return loadObject(objectBytes('attach'), {
    file: 'attach.bpf.o',
    programs: [program],
    variables: { target_pid: process.pid },
  });
}

function runs(object: BpfObject, program: string): number {
  return Number((object.variables.runs as bigint[])[places.indexOf(program)]);
}

/** Attaches, lets something happen, sees it counted, detaches, and sees it count no more. */
async function fires(
  program: string,
  happen: () => Promise<void> | void,
  options: AttachOptions = {},
): Promise<void> {
  using object = load(program);
  assert.equal(runs(object, program), 0);
  const link = object.programs[program]!.attach(options);
  await happen();
  await waitUntil(`${program} to run`, () => runs(object, program) > 0);
  saw(object.programs[program]!.spec.section);
  link.close();
  const before = runs(object, program);
  await happen();
  assert.equal(runs(object, program), before, 'nothing runs after it was detached');
}

function needs(t: TestContext, name: FeatureName, called: string): boolean {
  if (feature(name).answer === 'yes') return true;
  t.skip(`needs ${called}`);
  return false;
}

/** open(2) and close(2), which the fixture watches. */
const openAndClose = (): void => closeSync(openSync('/dev/null', 'r'));

async function sendToSelf(): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  await new Promise((resolve) => socket.send('x', socket.address().port, '127.0.0.1', resolve));
  socket.close();
}

for (const program of ['tracepoint', 'raw_tracepoint', 'typed_tracepoint']) {
  test(`${program} attaches by its SEC name`, () => fires(program, openAndClose));
}

test('raw_tracepoint_writable attaches by its SEC name', async () => {
  using tried = new CountingProgram(ProgramType.socketFilter);
  await fires('raw_tracepoint_writable', () => void tried.program.testRun({ data: new Uint8Array(64) }));
});

for (const program of ['uprobe', 'uretprobe']) {
  test(`${program} finds its library and function`, () => fires(program, () => void process.getgid?.()));
}

for (const [program, name, called] of [
  ['kprobe', 'kprobe', 'kprobe'],
  ['kretprobe', 'kprobe', 'kprobe'],
  ['ksyscall', 'kprobe', 'kprobe'],
  ['fentry', 'fentry', 'fentry'],
  ['fexit', 'fentry', 'fexit'],
  ['lsm', 'lsm', 'lsm'],
  ['kprobe_multi', 'kprobeMulti', 'kprobe.multi'],
  ['kretprobe_multi', 'kprobeMulti', 'kprobe.multi'],
  ['kprobe_session', 'kprobeSession', 'kprobe.session'],
  ['kretsyscall', 'kprobe', 'kprobe'],
  ['lsm_sleepable', 'lsm', 'lsm'],
] as const) {
  test(`${program} attaches by its SEC name`, (t) => {
    if (needs(t, name, called)) return fires(program, openAndClose);
  });
}

for (const [program, called, since] of [
  ['fmod_ret', 'fmod_ret', '5.7'],
  ['fsession', 'fsession', '7.0'],
  ['fentry_multi', 'fentry.multi', '7.2'],
  ['fexit_multi', 'fentry.multi', '7.2'],
  ['fsession_multi', 'fentry.multi', '7.2'],
] as const) {
  test(`${program} attaches by its SEC name`, (t) => {
    if (olderThan(since)) return t.skip(`needs ${called}`);
    if (needs(t, 'fentry', called)) return fires(program, openAndClose);
  });
}

for (const [program, called] of [
  ['fentry_sleepable', 'fentry'],
  ['fexit_sleepable', 'fexit'],
] as const) {
  test(`${program} runs where the kernel lets it sleep: where errors may be injected`, (t) => {
    if (!needs(t, 'fentry', called)) return;
    // CONFIG_FUNCTION_ERROR_INJECTION, which Debian's kernels have not; lately system calls anyway.
    const mayInject = existsSync('/sys/kernel/debug/error_injection/list');
    if (mayInject || !olderThan('7.1')) return fires(program, openAndClose);
    assert.throws(
      () => load(program),
      /does not allow sleepable programs .*__x64_sys_close is not sleepable/,
    );
  });
}

for (const [program, since, called] of [
  ['fentry_tested', '6.3', 'fentry.s'],
  ['fexit_tested', '6.3', 'fentry.s'],
  ['fmod_ret_tested', '6.3', 'fmod_ret.s'],
  ['fsession_tested', '7.0', 'fsession'],
  ['fentry_multi_tested', '7.2', 'fentry.multi'],
  ['fexit_multi_tested', '7.2', 'fentry.multi'],
  ['fsession_multi_tested', '7.2', 'fentry.multi'],
] as const) {
  test(`${program} runs where the kernel lets programs sleep`, async (t) => {
    if (olderThan(since)) return t.skip(`needs ${called}`);
    if (!needs(t, 'fentry', called)) return;
    // A test run of a tracing program calls the functions that the kernel has for that.
    using tried = load('fentry');
    await fires(program, () => void tried.programs.fentry!.testRun());
  });
}

for (const program of ['tracepoint', 'raw_tracepoint', 'typed_tracepoint']) {
  test(`${program} of a system call attaches as one that may sleep`, (t) => {
    if (olderThan('7.1')) return t.skip('needs tracepoints that may sleep');
    return fires(`${program}_sleepable`, openAndClose);
  });
}

for (const [program, has, called] of [
  ['uprobe_sleepable', () => !olderThan('6.0'), 'uprobe.s'],
  ['uretprobe_sleepable', () => !olderThan('6.0'), 'uprobe.s'],
  ['uprobe_multi', () => feature('uprobeMulti').answer === 'yes', 'uprobe.multi'],
  ['uretprobe_multi', () => feature('uprobeMulti').answer === 'yes', 'uprobe.multi'],
  ['uprobe_multi_sleepable', () => feature('uprobeMulti').answer === 'yes', 'uprobe.multi'],
  ['uprobe_session', () => !olderThan('6.13'), 'uprobe.session'],
  ['uretprobe_multi_sleepable', () => feature('uprobeMulti').answer === 'yes', 'uprobe.multi'],
  ['uprobe_session_sleepable', () => !olderThan('6.13'), 'uprobe.session'],
] as const) {
  test(`${program} attaches by its SEC name`, (t) => {
    if (!has()) return t.skip(`needs ${called}`);
    return fires(program, () => void process.getgid?.());
  });
}

test('perf_event samples at a frequency', () => {
  const busy = (): void => {
    for (const end = performance.now() + 100; performance.now() < end; );
  };
  return fires('perf_event', busy, { perf: { frequency: 200 } });
});

test('xdp attaches to an interface by its name', () =>
  fires('xdp', sendToSelf, { interface: 'lo', mode: 'generic' }));

test('tc attaches to an interface by its name', () =>
  fires('tc', sendToSelf, { interface: 'lo', direction: 'egress' }));

test('cgroup_skb attaches to a directory', async (t) => {
  const root = cgroup2();
  if (root === undefined) return t.skip('needs cgroup2');
  const cgroup = `${root}/bpfkit-test-${process.pid}`;
  mkdirSync(cgroup);
  try {
    using object = load('cgroup');
    using link = object.programs.cgroup!.attach({ cgroup });
    assert.match(link.target, /bpfkit-test/);
  } finally {
    rmdirSync(cgroup);
  }
});

for (const name of ['iterator', 'iterator_sleepable']) {
  test(`${name}: what it writes is read through its link`, () => {
    using object = loadObject(objectBytes('attach'), { file: 'attach.bpf.o', programs: [name] });
    const program = object.programs[name]!;
    const link = program.attach();
    assert.ok(link instanceof IteratorLink);
    assert.match(Buffer.from(link.read()).toString(), /^(task\n)+$/);
    saw(program.spec.section);
  });
}

test('a syscall program runs when it is told to', () => {
  using object = load('syscall_program');
  const program = object.programs.syscall_program!;
  assert.throws(() => program.attach(), /not attached by themselves/);
  assert.equal(program.testRun().result, 42);
  assert.equal(runs(object, 'syscall_program'), 1);
  saw(program.spec.section);
});

test('what SEC does not say is asked for by the name of the option', () => {
  for (const [program, option] of [
    ['xdp', 'interface'],
    ['tc', 'interface'],
    ['cgroup', 'cgroup'],
    ['perf_event', 'perf'],
  ] as const) {
    using object = load(program);
    assert.throws(
      () => object.programs[program]!.attach(),
      (error: unknown) =>
        error instanceof ObjectError && error.message.includes(`the option "${option}" is missing`),
    );
  }
});

test('a whole object attaches what says where it goes, and detaches with it', () => {
  const object = loadObject(objectBytes('attach'), {
    file: 'attach.bpf.o',
    programs: ['tracepoint', 'raw_tracepoint', 'xdp'],
    variables: { target_pid: process.pid },
  });
  const links = object.attach();
  assert.deepEqual(links.map(({ kind }) => kind).sort(), ['rawTracepoint', 'tracepoint']);
  openAndClose();
  assert.ok(runs(object, 'tracepoint') > 0);
  object.close();
  assert.ok(links.every(({ closed }) => closed));
});

test('markers of a program give their arguments, wherever they are', async () => {
  const { probed } = testPrograms();
  using program = new Observed(probed);
  using object = loadObject(objectBytes('usdt'), { file: 'usdt.bpf.o' });
  const { plain, guarded } = object.programs;
  const target = `${probed}:probed:plain`;
  const link = plain!.attach({ target, pid: program.pid, cookie: 77n });
  assert.equal(link.kind, 'usdt');
  await program.ask('usdt 1');
  const { variables } = object;
  assert.equal(variables.hits, 1);
  saw(plain!.spec.section);
  assert.equal(variables.count, 4);
  assert.equal(variables.cookie, 77n);
  assert.equal(variables.constant, -7n, 'a negative constant of 4 bytes');
  assert.ok(String(variables.text).length > 0);
  assert.ok(Number(variables.number) >= -1);
  assert.equal(await program.ask('usdt 1'), '0', 'the guarded one is off');
  const semaphore = guarded!.attach({ target: `${probed}:probed:guarded` });
  assert.equal(await program.ask('usdt 1'), '1', 'the kernel raised its semaphore');
  semaphore.close();
  assert.equal(await program.ask('usdt 1'), '0');
  link.close();
  const before = variables.hits;
  await program.ask('usdt 1');
  assert.equal(variables.hits, before);
  assert.throws(() => plain!.attach({ target: `${probed}:probed:plane` }), /did you mean probed:plain\?/);
});

test('a program that may sleep runs at a marker', async (t) => {
  if (olderThan('6.0')) return t.skip('needs uprobe.s');
  const { probed } = testPrograms();
  using program = new Observed(probed);
  using object = loadObject(objectBytes('usdt'), { file: 'usdt.bpf.o', programs: ['sleepable'] });
  const { sleepable } = object.programs;
  const link = sleepable!.attach({ target: `${probed}:probed:plain`, pid: program.pid });
  await program.ask('usdt 1');
  assert.equal(object.variables.hits, 1);
  saw(sleepable!.spec.section);
  link.close();
  await program.ask('usdt 1');
  assert.equal(object.variables.hits, 1);
});

test('a pattern attaches to all functions that match, by one link', (t) => {
  if (!needs(t, 'kprobeMulti', 'kprobe.multi')) return;
  using object = loadObject(objectBytes('usdt'), { file: 'usdt.bpf.o', programs: ['many'] });
  using link = object.programs.many!.attach();
  assert.equal(link.kind, 'kprobeMulti');
  openAndClose();
  assert.ok((object.variables.hits as number) > 0);
  assert.throws(
    () => object.programs.many!.attach({ target: 'nothing_of_the_kind_*' }),
    /no function of this kernel/,
  );
});

test('a misspelt function of a library is told with the program and near names', () => {
  using object = load('uprobe');
  assert.throws(
    () => object.programs.uprobe!.attach({ target: 'libc.so.6:getgidd' }),
    /^AttachError: attach "uprobe" \(uprobe[^)]*\) to uprobe \S*libc\.so\.6:getgidd: the file has no such function; did you mean getgid/,
  );
});

testOfTable('attach');

test('what a kernel is too old for is told with the release that brought it', () => {
  const attach = (name: string) => {
    using object = loadObject(objectBytes('attach'), { file: 'attach.bpf.o', programs: [name] });
    object.programs[name]!.attach().close();
  };
  if (olderThan('7.2')) {
    assert.throws(
      () => attach('fentry_multi_tested'),
      /load program "fentry_multi_tested" .*has no fentry\.multi: Linux 7\.2 brought that/,
    );
  }
  if (olderThan('6.10')) {
    assert.throws(
      () => attach('kprobe_session'),
      /has no (?:sessions of kprobes \(kprobe\.session\)|kprobe\.session): Linux 6\.10 brought/,
    );
  }
});
