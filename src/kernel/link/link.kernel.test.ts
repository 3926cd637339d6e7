import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import * as asm from '../../asm/build.ts';
import type { Instruction } from '../../asm/instruction.ts';
import type { Fd } from '../../sys/fd.ts';
import { Mapping, pageSize } from '../../sys/memory.ts';
import { PerfSoftware } from '../../sys/perf.ts';
import { tracefs } from '../mounts.ts';
import { AttachType, MapType, ProgramType } from '../spec.ts';
import { getppidLoop, Helper, makeMap, makeProgram } from '../stream/bare.ts';
import { vmlinux } from '../vmlinux.ts';
import { AttachError } from './errors.ts';
import { attachIterator } from './iterator.ts';
import { attachKprobe, attachKprobeByTracefs, attachKretprobe } from './kprobe.ts';
import { type AttachableProgram, type AttachedLink, closeAll } from './link.ts';
import { attachPerfEvent } from './perf-event.ts';
import { probeType } from './pmu.ts';
import { attachRawTracepoint } from './raw-tracepoint.ts';
import { attachTracepoint } from './tracepoint.ts';
import { attachLsm, attachTracing } from './tracing.ts';
import { attachUprobe, attachUretprobe } from './uprobe.ts';
import { attachUprobes, uprobeMultiWorks } from './uprobe-multi.ts';

/** Counts its runs in this process, and keeps the last cookie: two u64 in a mapped array. */
class Counter {
  readonly program: AttachableProgram & { close(): void };
  readonly #map: Fd;
  readonly #mapping: Mapping;
  readonly #values: BigUint64Array;

  constructor(
    type: number,
    options: {
      readonly attachType?: number;
      readonly attachBtfId?: number;
      readonly cookie?: boolean;
      readonly everywhere?: boolean;
    } = {},
  ) {
    this.#map = makeMap(MapType.array, { keySize: 4, valueSize: 16, maxEntries: 1, flags: 1 << 10 });
    this.#mapping = Mapping.of(this.#map.number, pageSize());
    this.#values = new BigUint64Array(this.#mapping.buffer, 0, 2);
    const body: Instruction[] = [
      asm.ldMapValue(7, 'counts', 0),
      asm.mov64Imm(1, 1),
      asm.atomic('add', 8, 7, 0, 1),
      ...(options.cookie
        ? [asm.mov64(1, 6), asm.callHelper(Helper.getAttachCookie), asm.store(8, 7, 8, 0)]
        : []),
    ];
    const slots = body.length + 1;
    const code: Instruction[] = [
      asm.mov64(6, 1),
      asm.callHelper(Helper.getCurrentPidTgid),
      asm.alu64Imm('rsh', 0, 32),
      ...(options.everywhere ? [] : [asm.jumpIfImm('jne', 0, process.pid, slots)]),
      ...body,
      asm.mov64Imm(0, 0),
      asm.exit(),
    ];
    this.program = makeProgram(type, code, { counts: this.#map }, options);
  }

  get runs(): number {
    return Number(Atomics.load(this.#values, 0));
  }

  get cookie(): bigint {
    return Atomics.load(this.#values, 1);
  }

  close(): void {
    this.program.close();
    this.#mapping.close();
    this.#map.close();
  }
}

async function getppids(count: number): Promise<void> {
  await once(new Worker(getppidLoop(count), { eval: true }), 'exit');
}

/** Attaches, acts 50 times, and looks that there were as many runs; then detaches and looks that there are no more. */
async function fires(
  counter: Counter,
  attach: (program: AttachableProgram) => AttachedLink,
  act: () => void | Promise<void> = () => getppids(50),
): Promise<void> {
  const link = attach(counter.program);
  try {
    await act();
    assert.ok(counter.runs >= 50, `${counter.runs} runs`);
    const info = link.info();
    assert.equal(info.program, 'bare');
    assert.ok(info.id > 0 && info.programId > 0);
  } finally {
    link.close();
  }
  assert.ok(link.closed);
  link.close();
  const before = counter.runs;
  await act();
  assert.equal(counter.runs, before);
  counter.close();
}

/** Path of libc in this process and file offset of one of its functions, from its dynamic symbol table. */
function libcFunction(name: string): { readonly path: string; readonly offset: number } {
  const path = /\s(\/\S*\/libc[.-]\S*)$/m.exec(readFileSync('/proc/self/maps', 'latin1'))?.[1];
  assert.ok(path, 'libc is mapped');
  const file = openSync(path, 'r');
  const read = (position: number, length: number): DataView => {
    const bytes = new Uint8Array(length);
    readSync(file, bytes, 0, length, position);
    return new DataView(bytes.buffer);
  };
  try {
    const header = read(0, 64);
    const number = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));
    const sections = read(number(header, 40), header.getUint16(60, true) * 64);
    const programs = read(number(header, 32), header.getUint16(56, true) * 56);
    for (let at = 0; at < sections.byteLength; at += 64) {
      if (sections.getUint32(at + 4, true) !== 11) continue;
      const symbols = read(number(sections, at + 24), number(sections, at + 32));
      const link = sections.getUint32(at + 40, true) * 64;
      const names = Buffer.from(read(number(sections, link + 24), number(sections, link + 32)).buffer);
      for (let symbol = 0; symbol < symbols.byteLength; symbol += 24) {
        const start = symbols.getUint32(symbol, true);
        if (names.toString('latin1', start, names.indexOf(0, start)) !== name) continue;
        const value = number(symbols, symbol + 8);
        for (let load = 0; load < programs.byteLength; load += 56) {
          const address = number(programs, load + 16);
          const isCode =
            programs.getUint32(load, true) === 1 && (programs.getUint32(load + 4, true) & 1) === 1;
          if (isCode && value >= address && value < address + number(programs, load + 40)) {
            return { path, offset: value - address + number(programs, load + 8) };
          }
        }
      }
    }
  } finally {
    closeSync(file);
  }
  throw new Error(`${path} has no ${name}`);
}

function kernelFunction(name: string): number {
  const id = vmlinux().find(name, 'function');
  assert.ok(id, `the kernel's BTF has ${name}`);
  return id;
}

const getppidSymbol = process.arch === 'x64' ? '__x64_sys_getppid' : '__arm64_sys_getppid';

/** fentry and LSM programs need trampolines with ftrace: asked by loading one. */
function loadOrSkip(t: TestContext, what: string, load: () => Counter): Counter | undefined {
  try {
    return load();
  } catch (error) {
    t.skip(`needs ${what}: ${String(error).split('\n')[0]}`);
    return undefined;
  }
}

test('a tracepoint fires, carries its cookie, and stops when closed', async () => {
  const counter = new Counter(ProgramType.tracepoint, { cookie: true });
  const cookie = 0x1234_5678_9abc_def0n;
  let seen = 0n;
  await fires(counter, (program) => {
    const link = attachTracepoint(program, 'syscalls:sys_enter_getppid', { cookie });
    process.ppid;
    seen = counter.cookie;
    return link;
  });
  assert.equal(seen, cookie);
});

test('a raw tracepoint fires', async () => {
  await fires(new Counter(ProgramType.rawTracepoint), (program) => attachRawTracepoint(program, 'sys_enter'));
});

test('a BTF tracepoint fires', async () => {
  const id = vmlinux().find('btf_trace_sys_enter', 'typedef');
  assert.ok(id);
  const counter = new Counter(ProgramType.tracing, { attachType: AttachType.traceRawTp, attachBtfId: id });
  await fires(counter, (program) => attachTracing(program, { target: 'sys_enter' }));
});

test('a tracing program carries a cookie', () => {
  // BTF tracepoints can ask for theirs since 6.10, functions since 5.19; no kernel of the bench lacks both.
  const places = [
    [AttachType.traceRawTp, vmlinux().find('btf_trace_sys_enter', 'typedef')!],
    [AttachType.traceFentry, kernelFunction('vfs_read')],
  ] as const;
  const refused: unknown[] = [];
  for (const [attachType, attachBtfId] of places) {
    let counter: Counter;
    try {
      counter = new Counter(ProgramType.tracing, { attachType, attachBtfId, cookie: true });
    } catch (error) {
      refused.push(error);
      continue;
    }
    const link = attachTracing(counter.program, { target: 'a place', cookie: { value: 77n, attachType } });
    readFileSync('/proc/self/comm');
    assert.equal(counter.cookie, 77n);
    link.close();
    counter.close();
    return;
  }
  assert.fail(`neither kind loaded: ${refused.join('\n')}`);
});

for (const [name, attachType] of [
  ['fentry', AttachType.traceFentry],
  ['fexit', AttachType.traceFexit],
] as const) {
  test(`${name} fires`, async (t) => {
    const attachBtfId = kernelFunction('vfs_read');
    const counter = loadOrSkip(t, name, () => new Counter(ProgramType.tracing, { attachType, attachBtfId }));
    if (!counter) return;
    const read = (): void => {
      for (let i = 0; i < 50; i++) readFileSync('/proc/self/comm');
    };
    await fires(counter, (program) => attachTracing(program, { target: 'vfs_read' }), read);
  });
}

test('an LSM program fires', async (t) => {
  const attachBtfId = kernelFunction('bpf_lsm_file_open');
  const options = { attachType: AttachType.lsmMac, attachBtfId };
  const counter = loadOrSkip(t, 'lsm', () => new Counter(ProgramType.lsm, options));
  if (!counter) return;
  const link = attachLsm(counter.program, { target: 'file_open' });
  readFileSync('/proc/self/comm');
  assert.ok(counter.runs > 0);
  link.close();
  counter.close();
});

test('a sampling program runs on every CPU that is busy', async () => {
  const counter = new Counter(ProgramType.perfEvent, { everywhere: true });
  const link = attachPerfEvent(counter.program, { frequency: 999 });
  const until = performance.now() + 100;
  while (performance.now() < until);
  const runs = counter.runs;
  assert.ok(runs > 5, `${runs} samples`);
  link.close();
  counter.close();
});

test('an event of a CPU that counts fires by its period', () => {
  const counter = new Counter(ProgramType.perfEvent);
  const link = attachPerfEvent(counter.program, { period: 1n, event: PerfSoftware.pageFaults });
  for (const page of Array.from({ length: 50 }, () => new Uint8Array(1 << 20))) page.fill(1);
  assert.ok(counter.runs > 50, `${counter.runs} faults`);
  link.close();
  counter.close();
});

for (const [name, attach] of [
  ['kprobe', attachKprobe],
  ['kretprobe', attachKretprobe],
] as const) {
  test(`a ${name} fires`, async (t) => {
    if (probeType('kprobe') === undefined) return t.skip('needs kprobe: the kernel has no such event type');
    await fires(new Counter(ProgramType.kprobe), (program) => attach(program, getppidSymbol));
  });

  test(`a ${name} on a function that does not exist names its neighbours`, (t) => {
    const counter = new Counter(ProgramType.kprobe);
    try {
      if (probeType('kprobe') === undefined) return t.skip('needs kprobe: the kernel has no such event type');
      assert.throws(
        () => attach(counter.program, 'no_such_functio', { suggest: () => ['no_such_function'] }),
        (error: unknown) =>
          error instanceof AttachError && error.code === 'notFound' && /did you mean/.test(error.message),
      );
    } finally {
      counter.close();
    }
  });
}

for (const kind of ['kprobe', 'kretprobe'] as const) {
  test(`a ${kind} made through tracefs fires, and its line is removed afterwards`, async (t) => {
    const file = `${tracefs()}/kprobe_events`;
    if (!existsSync(file)) return t.skip('needs kprobe: tracefs has no kprobe_events');
    const counter = new Counter(ProgramType.kprobe);
    const what = { kind, program: 'bare', target: getppidSymbol };
    await fires(counter, (program) => {
      const link = attachKprobeByTracefs(program, what, getppidSymbol);
      assert.match(readFileSync(file, 'latin1'), /bpfkit_/);
      return link;
    });
    assert.doesNotMatch(readFileSync(file, 'latin1'), /bpfkit_/);
    const another = new Counter(ProgramType.kprobe);
    assert.throws(() => attachKprobeByTracefs(another.program, what, 'no_such_function_at_all'), {
      name: 'AttachError',
    });
    another.close();
  });
}

test('where kprobes are not built in, the error says so', () => {
  const at = tracefs();
  // Where they are, the tests above have shown it.
  if (probeType('kprobe') !== undefined || existsSync(`${at}/kprobe_events`)) return;
  const counter = new Counter(ProgramType.kprobe);
  assert.throws(() => attachKprobe(counter.program, 'do_exit', { tracefs: at }), {
    name: 'AttachError',
    code: 'unsupported',
    message:
      'attach "bare" to kprobe do_exit: this kernel was built without CONFIG_KPROBES; a tracepoint may do instead',
  });
  counter.close();
});

for (const [name, attach] of [
  ['uprobe', attachUprobe],
  ['uretprobe', attachUretprobe],
] as const) {
  test(`a ${name} fires, in all processes and in one`, async (t) => {
    if (probeType('uprobe') === undefined) return t.skip('needs uprobe: the kernel has no such event type');
    const { path, offset } = libcFunction('getppid');
    await fires(new Counter(ProgramType.kprobe), (program) => attach(program, { path, offset }));
    await fires(new Counter(ProgramType.kprobe), (program) =>
      attach(program, { path, offset, symbol: 'getppid', pid: process.pid }),
    );
  });
}

test('a uprobe in a file that does not exist says so', (t) => {
  if (probeType('uprobe') === undefined) return t.skip('needs uprobe: the kernel has no such event type');
  const counter = new Counter(ProgramType.kprobe);
  assert.throws(() => attachUprobe(counter.program, { path: '/no/such', offset: 16, symbol: 'f' }), {
    name: 'AttachError',
    code: 'notFound',
    message: 'attach "bare" to uprobe /no/such:f: ENOENT: there is no such file',
  });
  counter.close();
});

test('one link attaches many places of a file, each with its cookie', async (t) => {
  const counter = loadOrSkip(
    t,
    'uprobe.multi',
    () => new Counter(ProgramType.kprobe, { attachType: AttachType.traceUprobeMulti, cookie: true }),
  );
  if (!counter) return;
  if (!uprobeMultiWorks(counter.program)) {
    counter.close();
    return t.skip('needs uprobe.multi: the kernel refuses the link');
  }
  const ppid = libcFunction('getppid');
  const pid = libcFunction('getpid');
  let cookie = 0n;
  await fires(counter, (program) => {
    const link = attachUprobes(program, {
      path: ppid.path,
      places: [
        { offset: ppid.offset, cookie: 5n },
        { offset: pid.offset, cookie: 6n },
      ],
    });
    process.ppid;
    cookie = counter.cookie;
    return link;
  });
  assert.equal(cookie, 5n);
});

test('an iterator is read to its end, as often as one likes', () => {
  const attachBtfId = kernelFunction('bpf_iter_task');
  // Writes a u64 of 7 for each task; at the end of the walk there is no task.
  const code: Instruction[] = [
    asm.load(8, 2, 1, 8),
    asm.jumpIfImm('jeq', 2, 0, 7),
    // ctx->meta->seq
    asm.load(8, 6, 1, 0),
    asm.load(8, 1, 6, 0),
    asm.storeImm(8, 10, -8, 7),
    asm.mov64(2, 10),
    asm.alu64Imm('add', 2, -8),
    asm.mov64Imm(3, 8),
    asm.callHelper(Helper.seqWrite),
    asm.mov64Imm(0, 0),
    asm.exit(),
  ];
  const program = makeProgram(
    ProgramType.tracing,
    code,
    {},
    { attachType: AttachType.traceIter, attachBtfId },
  );
  const all = attachIterator(program, { target: 'task' });
  const first = all.read();
  assert.equal(first.length % 8, 0);
  assert.ok(first.length / 8 >= 5, `${first.length / 8} tasks`);
  assert.ok(first.every((byte, i) => byte === (i % 8 === 0 ? 7 : 0)));
  assert.ok(Math.abs(all.read().length - first.length) < 8 * 200);
  all.close();
  assert.throws(() => all.read(), { name: 'ClosedError' });

  const one = attachIterator(program, { target: 'task', scope: { kind: 'thread', tid: process.pid } });
  assert.equal(one.read().length, 8);
  one.close();
  program.close();
});

test('a tracepoint that does not exist is an error with near names', () => {
  const counter = new Counter(ProgramType.tracepoint);
  assert.throws(
    () => attachTracepoint(counter.program, 'syscalls:sys_enter_getpid_'),
    (error: unknown) => {
      assert.ok(error instanceof AttachError);
      assert.equal(error.code, 'notFound');
      assert.ok(error.suggestions.includes('syscalls:sys_enter_getpid'), error.message);
      return true;
    },
  );
  assert.throws(() => attachTracepoint(counter.program, 'sched_switch'), { code: 'invalid' });
  assert.throws(() => attachTracepoint(counter.program, 'syscalls:../../x'), { code: 'invalid' });
  counter.close();
});

test('a raw tracepoint that does not exist is an error in words', () => {
  const counter = new Counter(ProgramType.rawTracepoint);
  assert.throws(() => attachRawTracepoint(counter.program, 'sys_entre'), {
    name: 'AttachError',
    code: 'notFound',
    errno: 'ENOENT',
    message: 'attach "bare" to raw tracepoint sys_entre: ENOENT: there is no such raw tracepoint',
  });
  counter.close();
});

test('many tracepoints close together, and none stays', async () => {
  const names = ['getppid', 'getpid', 'getuid', 'geteuid', 'getgid', 'getegid', 'getpgid', 'getsid'];
  const counter = new Counter(ProgramType.tracepoint);
  const attach = (): AttachedLink[] =>
    names.map((name) => attachTracepoint(counter.program, `syscalls:sys_enter_${name}`));
  const links = attach();
  await getppids(10);
  assert.ok(counter.runs >= 10);
  await closeAll(links);
  assert.ok(links.every((link) => link.closed));
  const before = counter.runs;
  await getppids(10);
  await sleep(1);
  assert.equal(counter.runs, before);
  counter.close();
});
