/** Every kind of probe: it fires as often as it should, and `k` has there what the manual says. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { olderThan } from '../kernel/feature/release.ts';
import { probeType } from '../kernel/link/pmu.ts';
import { defineProgram } from './define.ts';
import { arrayMap, hash, ringbuf, rows } from './maps.ts';
import { chars, i64, struct, u32, u64 } from './schema.ts';

const params = { me: u32(process.pid) };
const out = arrayMap(i64, 16);

function getppid(times = 1): void {
  for (let i = 0; i < times; i++) assert.ok(process.ppid > 0);
}

/** Reads 7 bytes of 100 asked for, in the kernel's vfs_read and read(2). */
function readSome(): void {
  const fd = openSync('/proc/self/comm', 'r');
  try {
    readSync(fd, Buffer.alloc(100));
  } finally {
    closeSync(fd);
  }
}

/** Runs `act`, or skips where this kernel has no such probe; `what` is the feature of test/kernels.json. */
async function unlessLacking(t: TestContext, what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const text = String(error);
    if (
      !/AttachError|KernelError|VerifierError/.test(text) ||
      !/EPERM|EINVAL|EOPNOTSUPP|ENOTSUPP|ENOENT|ENODEV/.test(text)
    )
      throw error;
    t.skip(`needs ${what}: ${text.split('\n')[0]}`);
  }
}

test('tracepoint of a system call: enter and exit count exactly, with arguments and result', async () => {
  const program = defineProgram({
    params,
    maps: { out, results: hash(i64, u64) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid === k.me) k.out.increment(0);
      },
      'tracepoint:syscalls:sys_exit_getppid'(k) {
        if (k.pid === k.me) k.results.increment(k.args.ret);
      },
      'tracepoint:syscalls:sys_enter_openat'(k) {
        if (k.pid !== k.me) return;
        k.out.set(1, k.args.dfd);
        k.out.set(2, k.args.flags);
        if (k.userStr(k.args.filename) === '/proc/self/comm') k.out.increment(3);
      },
    },
  });
  const loaded = await program.load();
  try {
    getppid(1234);
    readSome();
    assert.equal(loaded.out.get(0), 1234n);
    assert.deepEqual([...loaded.results], [[BigInt(process.ppid), 1234n]]);
    assert.equal(loaded.out.get(1), -100n); // AT_FDCWD is an int
    assert.equal(loaded.out.get(3), 1n);
  } finally {
    loaded.close();
  }
});

test('tracepoint with its record, raw tracepoint, and tracepoint whose arguments nobody reads agree', async () => {
  const program = defineProgram({
    params,
    maps: { out, names: hash(chars(16), u64), files: hash(chars(64), u64) },
    probes: {
      'tracepoint:sched:sched_process_exec'(k) {
        if (k.task.real_parent.tgid !== k.me) return;
        k.out.increment(0);
        k.files.increment(k.args.filename);
        if (k.args.pid === k.pid) k.out.increment(3);
      },
      'rawtracepoint:sched_process_exec'(k) {
        if (k.args.p.real_parent.tgid !== k.me) return;
        k.out.increment(1);
        k.names.increment(k.str(k.args.bprm.filename));
      },
      'tracepoint:sched:sched_process_exit'(k) {
        if (k.task.real_parent.tgid === k.me && k.pid === k.tid) k.out.increment(2);
      },
    },
  });
  const loaded = await program.load();
  try {
    for (let i = 0; i < 3; i++) spawnSync(process.execPath, ['--version']);
    assert.deepEqual(
      [0, 1, 2, 3].map((i) => Number(loaded.out.get(i))),
      [3, 3, 3, 3],
    );
    assert.equal([...loaded.files][0]?.[0].text, process.execPath);
    assert.equal([...loaded.names][0]?.[0].text, process.execPath.slice(0, 15));
  } finally {
    loaded.close();
  }
});

test('kprobe and kretprobe: arguments by name and position, and the result', async (t) => {
  if (probeType('kprobe') === undefined) return t.skip('needs kprobe: the kernel has no such event type');
  const program = defineProgram({
    params: { ...params, length: i64(0) },
    maps: { out },
    probes: {
      'kprobe:vfs_read'(k) {
        if (k.pid !== k.me || k.args.count !== 100) return;
        k.out.increment(0);
        k.out.set(1, k.args.count);
        k.out.set(2, k.arg(2));
        k.out.set(3, k.args.file.f_inode.i_ino);
        k.out.set(4, k.ip === 0 ? 0 : 1);
      },
      'kretprobe:vfs_read'(k) {
        if (k.pid === k.me && k.ret === k.length) k.out.increment(5);
      },
    },
  });
  const loaded = await program.load({ params: { length: readFileSync('/proc/self/comm').length } });
  try {
    readSome();
    const inode = statSync('/proc/self/comm').ino;
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((i) => Number(loaded.out.get(i))),
      [1, 100, 100, inode, 1],
    );
    assert.ok((loaded.out.get(5) ?? 0n) >= 1n);
  } finally {
    loaded.close();
  }
});

test('fentry and fexit: typed arguments, and the result beside them', async (t) => {
  await unlessLacking(t, 'fentry', async () => {
    const program = defineProgram({
      params,
      maps: { out },
      probes: {
        'fentry:vfs_read'(k) {
          if (k.pid !== k.me || k.args.count !== 100) return;
          k.out.increment(0);
          k.out.set(1, k.args.file.f_inode.i_ino);
        },
        'fexit:vfs_read'(k) {
          if (k.pid !== k.me || k.args.count !== 100) return;
          k.out.set(2, k.ret);
          k.out.set(3, k.args.count);
        },
      },
    });
    const loaded = await program.load();
    try {
      readSome();
      const { ino } = statSync('/proc/self/comm');
      const length = readFileSync('/proc/self/comm').length;
      assert.deepEqual(
        [0, 1, 2, 3].map((i) => Number(loaded.out.get(i))),
        [1, ino, length, 100],
      );
    } finally {
      loaded.close();
    }
  });
});

/** The C library that Node uses. */
function libc(): string {
  const line = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .find((each) => /\/libc\.so\.6$/.test(each));
  return line?.split(/\s+/).pop() ?? '/lib/x86_64-linux-gnu/libc.so.6';
}

test('uprobe and uretprobe of a libc function: arguments, text, result, exact counts', async (t) => {
  if (probeType('uprobe') === undefined) return t.skip('needs uprobe: the kernel has no such event type');
  const Call = struct('Call', { name: chars(32), first: u64 });
  const program = defineProgram({
    params,
    maps: { out, calls: ringbuf(Call, 65_536) },
    probes: {
      [`uprobe:${libc()}:getenv` as const](k) {
        if (k.task.real_parent.tgid !== k.me) return;
        const e = k.calls.reserve();
        if (!e) return;
        e.first = k.arg(0);
        k.userStr(k.arg(0), e.name);
        e.submit();
        k.out.increment(0);
        if (k.ip === 0) k.out.increment(3);
      },
      [`uretprobe:${libc()}:getenv` as const](k) {
        if (k.task.real_parent.tgid !== k.me) return;
        k.out.increment(1);
        if (k.userStr(k.ret) === 'a value') k.out.increment(2);
      },
    },
  });
  const loaded = await program.load();
  try {
    // Node asks for NODE_OPTIONS by getenv when it starts.
    const env = { ...process.env, NODE_OPTIONS: '', NODE_PENDING_DEPRECATION: 'a value' };
    spawnSync(process.execPath, ['--version'], { env });
    const calls = Number(loaded.out.get(0));
    assert.ok(calls > 0);
    assert.equal(Number(loaded.out.get(1)), calls);
    assert.equal(Number(loaded.out.get(3)), 0);
    const names = new Set<string>();
    let seen = 0;
    for await (const { name, first } of loaded.calls) {
      names.add(String(name));
      assert.ok(first > 4096n);
      if (++seen === calls) break;
    }
    assert.ok(
      [...names].some((name) => name.startsWith('NODE_')),
      [...names].join(),
    );
  } finally {
    loaded.close();
  }
});

test('profile and interval: all CPUs as often as asked, one CPU as often as asked', async () => {
  const program = defineProgram({
    maps: { out, cpus: hash(u32, u64) },
    probes: {
      'profile:hz:50'(k) {
        k.cpus.increment(k.cpu);
        if (k.ip !== 0) k.out.increment(0);
      },
      'interval:ms:20'(k) {
        k.out.increment(1);
      },
      'software:context-switches:1'(k) {
        if (k.ip !== 0) k.out.increment(2);
      },
    },
  });
  const started = performance.now();
  const loaded = await program.load();
  try {
    const before = performance.now();
    await sleep(1000);
    const ticks = Number(loaded.out.get(1));
    const seconds = (performance.now() - before) / 1000;
    assert.ok(
      ticks >= 25 * seconds && ticks <= (performance.now() - started) / 20 + 2,
      `${ticks} in ${seconds} s`,
    );
    assert.ok([...loaded.cpus].length >= 1);
    assert.ok((loaded.out.get(0) ?? 0n) > 0n);
    assert.ok((loaded.out.get(2) ?? 0n) > 0n);
  } finally {
    loaded.close();
  }
});

test('hardware: instructions are sampled, or the machine is said to have no such event', async () => {
  const program = defineProgram({
    maps: { out },
    probes: {
      'hardware:instructions:1000000'(k) {
        k.out.increment(0);
      },
    },
  });
  let loaded: Awaited<ReturnType<typeof program.load>>;
  try {
    loaded = await program.load();
  } catch (error) {
    // Virtual machines rarely have counters; nothing but that may be the reason.
    assert.match(String(error), /the machine has no such performance event/);
    return;
  }
  try {
    for (let i = 0, x = 1; i < 3e7; i++) x = (x * 31) | 0;
    assert.ok((loaded.out.get(0) ?? 0n) > 0n);
  } finally {
    loaded.close();
  }
});

test('iter:task shows every task, and each walk anew', async () => {
  const Task = struct('Task', { tid: u32, tgid: u32, sequence: u64, comm: chars(16) });
  const program = defineProgram({
    maps: { tasks: rows(Task) },
    probes: {
      'iter:task'(k) {
        const { task } = k.item;
        if (!task) return;
        const row = k.tasks.begin();
        row.tid = task.pid;
        row.tgid = task.tgid;
        row.sequence = k.sequence;
        row.comm = task.comm;
        k.write(row);
      },
    },
  });
  const loaded = await program.load();
  try {
    for (let walk = 0; walk < 2; walk++) {
      const tasks = [...loaded.tasks];
      const mine = tasks.filter(({ tgid }) => tgid === process.pid).map(({ tid }) => tid);
      const threads = readdirSync('/proc/self/task').map(Number);
      assert.deepEqual(mine.sort(), threads.sort());
      assert.equal(tasks[0]?.sequence, 0n);
      assert.equal(
        tasks.some(({ tid }) => tid === process.ppid),
        true,
        'the parent',
      );
      assert.equal(
        String(tasks.find(({ tid }) => tid === process.pid)?.comm),
        readFileSync('/proc/self/comm', 'utf8').trim(),
      );
    }
    assert.ok(loaded.programs['iter:task'].id > 0);
    assert.ok(loaded.programs['iter:task'].read().length >= 32);
  } finally {
    loaded.close();
  }
});

test('iter:task_file shows open files with their paths', async (t) => {
  if (olderThan('5.12')) return t.skip('needs d_path in iterators');
  const File = struct('File', { pid: u32, fd: u32, inode: u64, path: chars(256) });
  const program = defineProgram({
    params,
    maps: { files: rows(File) },
    probes: {
      'iter:task_file'(k) {
        const { task, file } = k.item;
        if (!task || !file || task.tgid !== k.me) return;
        const row = k.files.begin();
        row.pid = task.tgid;
        row.fd = k.item.fd;
        row.inode = file.f_inode.i_ino;
        k.path(file.f_path, row.path);
        k.write(row);
      },
    },
  });
  const fd = openSync(process.execPath, 'r');
  const loaded = await program.load();
  try {
    const found = [...loaded.files].find((file) => file.fd === fd);
    assert.equal(found?.path.text, readlinkSync(`/proc/self/fd/${fd}`));
    assert.equal(found?.inode, BigInt(statSync(process.execPath).ino));
  } finally {
    loaded.close();
    closeSync(fd);
  }
});

test('a probe that this kernel does not have is an error that names the nearest', async () => {
  const load = (name: string): Promise<unknown> => {
    const define = defineProgram as unknown as (source: object) => { load(): Promise<unknown> };
    return define({ probes: { [name]: (k: { pid: number }) => void k.pid } }).load();
  };
  await assert.rejects(
    load('tracepoint:sched:sched_swtch'),
    /no such tracepoint.*"tracepoint:sched:sched_switch"/s,
  );
  await assert.rejects(
    load('rawtracepoint:sched_swtch'),
    /no such raw tracepoint.*"rawtracepoint:sched_switch"/s,
  );
  await assert.rejects(load('fentry:vfs_raed'), /"fentry:vfs_read"/);
  await assert.rejects(load('iter:taskk'), /"iter:task"/);
  await assert.rejects(load(`uprobe:${libc()}:getenvv`), /getenvv/);
  await assert.rejects(load('uprobe:/no/such/file:main'), /\/no\/such\/file/);
});

test('only the probes that are asked for are loaded', async () => {
  const program = defineProgram({
    params,
    maps: { out },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid === k.me) k.out.increment(0);
      },
      'tracepoint:syscalls:sys_exit_getppid'(k) {
        if (k.pid === k.me) k.out.increment(1);
      },
    },
  });
  const loaded = await program.load({ probes: ['tracepoint:syscalls:sys_exit_getppid'] });
  try {
    getppid(5);
    assert.deepEqual([loaded.out.get(0), loaded.out.get(1)], [0n, 5n]);
    assert.deepEqual(Object.keys(loaded.programs), ['tracepoint:syscalls:sys_exit_getppid']);
  } finally {
    loaded.close();
  }
});

test('arrays in the record of a tracepoint are read at any index, and copied from any offset', async () => {
  const program = defineProgram({
    params,
    maps: { out, names: hash(chars(16), u64) },
    probes: {
      'tracepoint:task:task_rename'(k) {
        if (k.pid !== k.me) return;
        let length = 0;
        for (let i = 0; i < 16; i++) {
          if (k.args.newcomm[i] === (0 as never)) break;
          length++;
        }
        k.out.set(0, length);
        k.names.increment(k.args.oldcomm);
        k.names.increment(k.args.newcomm);
        if (k.args.newcomm.startsWith('new-')) k.out.set(1, 1);
        if (k.args.newcomm === 'new-name') k.out.set(2, 1);
      },
    },
  });
  const before = readFileSync('/proc/self/comm');
  const loaded = await program.load();
  try {
    writeFileSync('/proc/self/comm', 'new-name');
    assert.deepEqual(
      [0, 1, 2].map((i) => Number(loaded.out.get(i))),
      [8, 1, 1],
    );
    const names = [...loaded.names.keys()].map(String).sort();
    assert.deepEqual(names, ['new-name', before.toString().trim()].sort());
  } finally {
    loaded.close();
    writeFileSync('/proc/self/comm', before.subarray(0, -1));
  }
});
