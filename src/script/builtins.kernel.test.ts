/** Every built-in part of `k`, against what Node or /proc knows. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { builtins } from './builtin/table.ts';
import { defineProgram } from './define.ts';
import { arrayMap, hash, ringbuf, rows, stackTrace } from './maps.ts';
import { bytes, chars, i64, struct, u8, u32, u64 } from './schema.ts';

const params = { me: u32(process.pid) };
const out = arrayMap(i64, 32);
/** Names that a test here or in language.kernel.test.ts has used. */
const tested = new Set(
  'u8 u16 u32 u64 i8 i16 i32 i64 signed unsigned const min max log2 swap16 swap32 swap64 ntohs ntohl range'.split(
    ' ',
  ),
);

function getppid(): void {
  if (process.ppid < 0) throw new Error('no parent');
}

function mark(names: string): void {
  for (const name of names.split(' ')) tested.add(name);
}

test('who runs, where and when', async () => {
  mark('pid tid uid gid cpu task comm ktime bootTime random cgroupId');
  const program = defineProgram({
    params,
    maps: { out, names: arrayMap(chars(16), 2) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        k.out.set(0, k.pid);
        k.out.set(1, k.tid);
        k.out.set(2, k.uid);
        k.out.set(3, k.gid);
        k.out.set(4, k.cpu);
        k.out.set(5, k.ktime());
        k.out.set(6, k.bootTime());
        k.out.set(7, k.random());
        k.out.set(8, k.random());
        k.out.set(9, k.cgroupId);
        k.out.set(10, k.task.tgid);
        k.out.set(11, k.task.real_parent.tgid);
        k.out.set(12, k.task.cred.euid.val);
        const name = k.names.get(0);
        if (name) k.comm(name.value);
        k.names.set(1, k.comm());
      },
    },
  });
  const loaded = await program.load();
  try {
    const before = process.hrtime.bigint();
    getppid();
    const after = process.hrtime.bigint();
    const value = (i: number): bigint => loaded.out.get(i) ?? -1n;
    assert.deepEqual([value(0), value(1)], [BigInt(process.pid), BigInt(process.pid)]);
    assert.deepEqual(
      [value(2), value(3)],
      [BigInt(process.getuid?.() ?? 0), BigInt(process.getgid?.() ?? 0)],
    );
    assert.equal(value(4) >= 0n && value(4) < 4096n, true);
    assert.equal(value(5) >= before && value(5) <= after, true, 'ktime is CLOCK_MONOTONIC');
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
    assert.equal(Math.abs(Number(value(6)) / 1e9 - uptime) < 2, true, 'bootTime is CLOCK_BOOTTIME');
    assert.notEqual(value(7), value(8));
    assert.equal(value(7) >= 0n && value(7) < 2n ** 32n, true);
    const own = readFileSync('/proc/self/cgroup', 'utf8')
      .split('\n')
      .find((line) => line.startsWith('0::'));
    const path = `/sys/fs/cgroup${own?.slice(3)}`;
    const cgroup = ((): bigint | undefined => {
      try {
        return BigInt(statSync(path).ino);
      } catch {
        return undefined;
      }
    })();
    if (cgroup !== undefined && own !== undefined)
      assert.equal(value(9) === cgroup || value(9) === 1n, true, `${value(9)} for ${path}`);
    assert.deepEqual([value(10), value(11)], [BigInt(process.pid), BigInt(process.ppid)]);
    assert.equal(value(12), BigInt(process.geteuid?.() ?? 0));
    const name = readFileSync('/proc/self/comm', 'utf8').trim();
    assert.deepEqual([String(loaded.names.get(0)), String(loaded.names.get(1))], [name, name]);
  } finally {
    loaded.close();
  }
});

test('memory behind addresses: kernel, user, missing', async () => {
  mark('str userStr read readUser peek peekUser cast addressOf buffer containerOf sizeOf exists');
  const Found = struct('Found', { text: chars(32), raw: bytes(16), number: u64, small: u8, kept: chars(8) });
  const program = defineProgram({
    params,
    maps: { out, found: ringbuf(Found, 65_536), byName: hash(chars(32), u32) },
    probes: {
      'tracepoint:syscalls:sys_enter_chdir'(k) {
        if (k.pid !== k.me) return;
        const e = k.found.reserve();
        if (!e) return;
        k.out.set(0, k.userStr(k.args.filename, e.text));
        k.out.set(1, k.readUser(k.args.filename, e.raw));
        k.out.set(2, k.peekUser(k.args.filename, 1));
        k.out.set(3, k.peekUser(k.args.filename + 1, 2));
        k.out.set(4, k.peekUser(8)); // nothing is there
        k.out.set(5, k.peek(k.addressOf(k.task)) === 0 ? 0 : 1);
        k.out.set(6, k.cast(k.addressOf(k.task), 'task_struct').tgid);
        k.out.set(7, k.read(k.addressOf(k.task.comm), e.small));
        k.out.set(8, k.userStr(8, e.kept));
        k.out.set(9, k.str(k.task.comm) === 'nothing like it' ? 1 : 0);
        k.out.set(10, k.userStr(k.args.filename) === '/proc/self/../../tmp' ? 1 : 0);
        k.byName.increment(k.userStr(k.args.filename));
        k.out.set(11, k.readUser(8, e.number));
        const text = k.buffer(64);
        k.out.set(12, k.userStr(k.args.filename, text));
        k.out.set(13, text[1] as unknown as number);
        const leader = k.task.group_leader;
        k.out.set(14, k.containerOf(k.addressOf(leader.comm), 'task_struct', 'comm').tgid);
        k.out.set(15, k.sizeOf('upid'));
        k.out.set(16, k.exists(k.task.pid) ? 1 : 0);
        e.submit();
      },
    },
  });
  const loaded = await program.load();
  try {
    const before = process.cwd();
    process.chdir('/proc/self/../../tmp');
    process.chdir(before);
    const value = (i: number): number => Number(loaded.out.get(i));
    for await (const e of loaded.found) {
      assert.equal(e.text.text, '/proc/self/../../tmp');
      assert.equal(Buffer.from(e.raw).toString(), '/proc/self/../..');
      assert.equal(e.number, 0n);
      assert.equal(e.kept.byteLength, 0);
      assert.equal(e.small, readFileSync('/proc/self/comm')[0]);
      break;
    }
    const path = before.length;
    assert.deepEqual([value(0), value(12)], [path + 1, path + 1]);
    assert.equal(value(1), 0);
    assert.deepEqual([value(2), value(3)], [0x2f, before.charCodeAt(1) | (before.charCodeAt(2) << 8)]);
    assert.deepEqual([value(4), value(6)], [0, process.pid]);
    assert.deepEqual([value(8), value(11)], [-14, -14]); // EFAULT
    assert.equal(value(9), 0);
    assert.deepEqual([value(14), value(15), value(16)], [process.pid, 16, 1]);
    assert.equal(value(13), before.charCodeAt(1));
    assert.equal(
      [...loaded.byName].some(([name]) => name.equals('/proc/self/../../tmp')),
      true,
    );
  } finally {
    loaded.close();
  }
});

// Stacks that share a bucket refuse each other (EEXIST): many buckets make that improbable.
test('stacks: an id each, addresses from the innermost out', async () => {
  mark('kernelStack userStack');
  const program = defineProgram({
    params,
    maps: { out, stacks: stackTrace(16_384) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.pid !== k.me) return;
        k.out.set(0, k.kernelStack(k.stacks));
        k.out.set(1, k.userStack(k.stacks));
        k.out.set(2, k.kernelStack(k.stacks, 2));
      },
    },
  });
  const loaded = await program.load();
  try {
    getppid();
    const [kernel, user, shorter] = [0, 1, 2].map((i) => Number(loaded.out.get(i)));
    assert.equal(kernel >= 0 && user >= 0, true, `${kernel} ${user}`);
    const addresses = loaded.stacks.get(kernel) ?? [];
    assert.equal(addresses.length > 0, true);
    assert.equal(
      addresses.every((address) => address > 1n << 63n),
      true,
    );
    const own = loaded.stacks.get(user) ?? [];
    assert.equal(own.length > 0 && own.every((address) => address < 1n << 47n), true);
    if (shorter >= 0 && addresses.length > 2)
      assert.deepEqual(loaded.stacks.get(shorter), addresses.slice(2));
    assert.equal(loaded.stacks.get(60_000), undefined);
  } finally {
    loaded.close();
  }
});

test('a signal reaches the process, and a line reaches the trace pipe', async () => {
  mark('signal print');
  const program = defineProgram({
    params: { parent: u32(process.pid), answer: u64(42) },
    maps: { out },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        if (k.task.real_parent.tgid !== k.parent || k.comm() !== 'victim') return;
        k.print('answer %d', k.answer);
        k.out.set(0, k.signal(15)); // SIGTERM
      },
    },
  });
  const loaded = await program.load();
  try {
    const script = `require('fs').writeFileSync('/proc/self/comm', 'victim'); setInterval(() => process.ppid, 20)`;
    const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    assert.equal(signal, 'SIGTERM');
    assert.equal(loaded.out.get(0), 0n);
  } finally {
    loaded.close();
  }
});

test('paths, memory of other processes, and RCU sections in iterators', async (t) => {
  mark('path readTask rcuLock rcuUnlock reading');
  const Task = struct('Task', { pid: u32, result: i64, exe: chars(256), args: chars(64) });
  const program = defineProgram({
    params,
    maps: { tasks: rows(Task) },
    probes: {
      'iter:task'(k) {
        const { task } = k.item;
        if (!task || task.pid !== k.me) return;
        const row = k.tasks.begin();
        row.pid = k.reading(task).group_leader.pid;
        k.rcuLock();
        const file = task.mm?.exe_file;
        if (file) k.path(file.f_path, row.exe);
        k.rcuUnlock();
        const { mm } = task;
        if (mm) row.result = k.readTask(task, mm.arg_start, row.args);
        k.write(row);
      },
    },
  });
  let loaded: Awaited<ReturnType<typeof program.load>>;
  try {
    loaded = await program.load();
  } catch (error) {
    // Paths in iterators came with 5.12.
    if (!/copy_from_user_task|unknown func|sleepable|not allowed in probe/.test(String(error))) throw error;
    return t.skip(`needs copy_from_user_task: of 5.18, ${String(error).split('\n')[0]}`);
  }
  try {
    const [row] = [...loaded.tasks];
    assert.equal(row?.pid, process.pid);
    assert.equal(row?.exe.text, process.execPath);
    assert.equal(row?.result, 0n);
    const words = readFileSync('/proc/self/cmdline').subarray(0, 64);
    assert.equal(row?.args.text, words.subarray(0, words.indexOf(0)).toString());
  } finally {
    loaded.close();
  }
});

test('every built-in has been used', () => {
  assert.deepEqual(
    Object.keys(builtins).filter((name) => !tested.has(name)),
    [],
  );
});
