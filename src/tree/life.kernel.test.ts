/** Processes that live in unusual ways, each a real one: what the snapshot says of it, against /proc. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { waitUntil } from '../../test/support/wait.ts';
import { fields, findField, type NumberField } from './fields.ts';
import { readFiles } from './files/source.ts';
import { inInitialNamespace } from './procfs.ts';
import { type Row, type Snapshot, ValueState } from './snapshot.ts';
import { readFields } from './source.ts';
import { stateLetter } from './units.ts';
import { walkTree } from './walk.ts';

const forRoot =
  process.geteuid?.() !== 0
    ? { skip: 'needs root' }
    : inInitialNamespace()
      ? {}
      : { skip: 'needs the initial pid namespace' };

/** A command that says a line when it is ready, killed with all that it has started when the test ends. */
async function running(
  t: TestContext,
  file: string,
  ...words: string[]
): Promise<ChildProcess & { pid: number }> {
  const child = spawn(file, words, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  t.after(() => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // All of them have ended.
    }
  });
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve);
    child.once('exit', () => reject(new Error(`${file} ${words.join(' ')} ended`)));
  });
  return child as ChildProcess & { pid: number };
}

const node = (t: TestContext, code: string, ...words: string[]): Promise<ChildProcess & { pid: number }> =>
  running(t, process.execPath, '-e', code, ...words);

/** What the child of a test needs to make system calls that Node has no words for. */
const NATIVE = `const libc = require(${JSON.stringify(createRequire(import.meta.url).resolve('koffi'))}).load('libc.so.6');`;
const WAIT = "console.log('ready'); setInterval(() => {}, 1e6);";

function rowOf(snapshot: Snapshot, tid: number): Row {
  const row = snapshot.rowOf(tid);
  assert.ok(row !== undefined, `task ${tid} is in the snapshot`);
  return row;
}

const value = (snapshot: Snapshot, field: string, row: Row): bigint | undefined => {
  const { values, absent } = snapshot.longs(field);
  return absent[row] === 1 ? undefined : values[row];
};
const text = (snapshot: Snapshot, field: string, row: Row): string =>
  Buffer.from(snapshot.bytes(field, row)).toString();

const sleeps = (pid: number): boolean => /\) S /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));

/** The process at the end of a chain of only children. */
function deepest(pid: number): number {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ');
  return child === undefined || child === '' ? pid : deepest(Number(child));
}

test(
  'a pid namespace in a pid namespace: its numbers, its first process, its namespace',
  forRoot,
  async (t) => {
    const inner = "unshare -p -f sh -c 'echo ready; sleep 1000; :'";
    const outer = await running(t, 'unshare', '-p', '-f', 'sh', '-c', `${inner}; :`);
    await waitUntil('the sleep', () =>
      /sleep/.test(readFileSync(`/proc/${deepest(outer.pid)}/comm`, 'latin1')),
    );
    const sleeper = deepest(outer.pid);
    const snapshot = readFields(fields);
    const row = rowOf(snapshot, sleeper);
    const numbers = /^NSpid:\s*(.*)$/m
      .exec(readFileSync(`/proc/${sleeper}/status`, 'latin1'))?.[1]
      ?.split(/\s+/);
    assert.equal(numbers?.length, 3);
    assert.deepEqual(
      (['tid', 'vtid', 'pid', 'vpid', 'ns_level'] as const).map((name) => snapshot.number(name, row)),
      [sleeper, 2, sleeper, 2, 2],
    );
    assert.equal(value(snapshot, 'pid_ns', row), BigInt(statSync(`/proc/${sleeper}/ns/pid`).ino));
    const init = rowOf(snapshot, snapshot.number('rptid', row));
    assert.equal(snapshot.number('vpid', init), 1);
    assert.ok(snapshot.isNamespaceInit(init));
    const below = new Set<number>();
    walkTree(snapshot, rowOf(snapshot, outer.pid), (one) => below.add(snapshot.number('tid', one)));
    assert.ok(below.has(sleeper));
  },
);

test('32 pid namespaces in each other, the most that there can be', forRoot, async (t) => {
  // Each level is a process that forks once: the innermost says that it is there.
  const start =
    'k=$1; shift; [ $k = 0 ] && { echo ready; sleep 1000; }; unshare -p -f sh -c "$0" "$0" $((k - 1))';
  const outer = await running(t, 'sh', '-c', start, start, '32');
  await waitUntil('the sleep', () =>
    /sleep/.test(readFileSync(`/proc/${deepest(outer.pid)}/comm`, 'latin1')),
  );
  const sleeper = deepest(outer.pid);
  const snapshot = readFields(fields);
  const row = rowOf(snapshot, sleeper);
  const numbers = /^NSpid:\s*(.*)$/m
    .exec(readFileSync(`/proc/${sleeper}/status`, 'latin1'))![1]!
    .split(/\s+/);
  assert.equal(snapshot.number('ns_level', row), numbers.length - 1);
  assert.ok(numbers.length - 1 >= 31);
  assert.equal(snapshot.number('vtid', row), Number(numbers.at(-1)));
});

test(
  'a process in another mount namespace: its namespace, and the path of its file there',
  forRoot,
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'bpfkit-mount-'));
    t.after(() => rmdirSync(folder));
    const copy = `mount -t tmpfs none ${folder} && cp ${process.execPath} ${folder}/inner`;
    const child = await running(
      t,
      'unshare',
      '-m',
      'sh',
      '-c',
      `${copy} && exec ${folder}/inner -e "${WAIT}"`,
    );
    await waitUntil('the exec', () =>
      /inner|MainThread|node/.test(readFileSync(`/proc/${child.pid}/comm`, 'latin1')),
    );
    const snapshot = readFields(fields);
    const row = rowOf(snapshot, child.pid);
    assert.equal(text(snapshot, 'exepath', row), `${folder}/inner`);
    assert.deepEqual(readdirSync(folder), [], 'nobody else sees it');
    const space = statSync(`/proc/${child.pid}/ns/mnt`).ino;
    assert.equal(value(snapshot, 'mnt_ns', row), BigInt(space));
    assert.notEqual(space, statSync('/proc/self/ns/mnt').ino);
  },
);

test(
  'a zombie whose threads live: the leader has ended, the threads hang where they did',
  forRoot,
  async (t) => {
    const code = `${NATIVE}
    const { Worker } = require('worker_threads');
    const worker = new Worker("require('fs').writeSync(1, 'ready'); setInterval(() => {}, 1e6)", { eval: true });
    const number = { x64: 60, arm64: 93 }[process.arch];
    worker.once('online', () => setTimeout(() => libc.func('long syscall(long, long)')(number, 3), 100));`;
    const child = await node(t, code);
    const stat = (): string => readFileSync(`/proc/${child.pid}/stat`, 'latin1');
    await waitUntil('the end of the leader', () => /\) Z /.test(stat()));
    const snapshot = readFields(fields);
    const row = rowOf(snapshot, child.pid);
    assert.equal(stateLetter(value(snapshot, 'state', row)!), 'Z');
    assert.equal(value(snapshot, 'exit_code', row), 3n << 8n);
    assert.equal(value(snapshot, 'rss', row), undefined, 'its memory belongs to its threads now');
    assert.equal(snapshot.state('cmdline', row), ValueState.absent);
    const threads = readdirSync(`/proc/${child.pid}/task`).map(Number);
    assert.ok(threads.length > 1);
    assert.equal(value(snapshot, 'threads', row), BigInt(threads.length));
    for (const tid of threads) {
      const one = rowOf(snapshot, tid);
      assert.equal(snapshot.number('pid', one), child.pid);
      assert.equal(snapshot.number('rppid', one), process.pid);
      if (tid !== child.pid) assert.notEqual(value(snapshot, 'rss', one), undefined);
    }
  },
);

test('a command line of 2 MiB is whole', forRoot, async (t) => {
  const words = Array.from({ length: 19 }, (_, i) => String.fromCharCode(97 + i).repeat(100_000));
  const child = await node(t, WAIT, ...words);
  const snapshot = readFields([findField('cmdline')!]);
  const row = rowOf(snapshot, child.pid);
  assert.equal(snapshot.state('cmdline', row), ValueState.whole);
  assert.deepEqual(Buffer.from(snapshot.bytes('cmdline', row)), readFileSync(`/proc/${child.pid}/cmdline`));
  assert.ok(snapshot.bytes('cmdline', row).length > 1_900_000);
});

test('20,000 arguments are as many, empty ones too', forRoot, async (t) => {
  const child = await node(
    t,
    WAIT,
    ...Array.from({ length: 20_000 }, (_, i) => (i % 3 === 0 ? '' : String(i))),
  );
  const snapshot = readFields([findField('cmdline')!]);
  const line = snapshot.bytes('cmdline', rowOf(snapshot, child.pid));
  assert.deepEqual(Buffer.from(line), readFileSync(`/proc/${child.pid}/cmdline`));
});

/** A program of x86-64 that waits for ever and needs nothing, not even its own name. */
function waitingProgram(): Uint8Array {
  const code = Buffer.from('b8220000000f05ebf7', 'hex'); // pause() again and again
  const [base, head] = [0x400000n, 120];
  const file = Buffer.alloc(head + code.length);
  file.set(Buffer.from('7f454c46020101', 'hex'));
  file.set([2, 0, 62, 0, 1], 16); // ET_EXEC, EM_X86_64, version
  file.writeBigUInt64LE(base + BigInt(head), 24); // where it begins
  file.writeBigUInt64LE(64n, 32); // program headers: one, of 56 bytes
  file.set([64, 0, 56, 0, 1], 52);
  file.set([1, 0, 0, 0, 5], 64); // PT_LOAD, readable and executable
  for (const at of [80, 88]) file.writeBigUInt64LE(base, at);
  for (const at of [96, 104]) file.writeBigUInt64LE(BigInt(file.length), at);
  file.writeBigUInt64LE(0x1000n, 112);
  file.set(code, head);
  return file;
}

const forX64 = process.arch === 'x64' ? forRoot : { skip: 'needs x86-64' };

test('a process without arguments', forX64, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-life-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'waits');
  writeFileSync(file, waitingProgram(), { mode: 0o755 });
  const code = `${NATIVE}
    console.log('ready');
    const exec = libc.func('int execve(const char *file, const char **words, const char **env)');
    exec(${JSON.stringify(file)}, [null], [null]);`;
  const child = await node(t, code);
  const path = `/proc/${child.pid}`;
  // In the middle of the exec the arguments are not there yet: the program waits when it has begun.
  await waitUntil('the exec', () => readlinkSync(`${path}/exe`) === file && sleeps(child.pid));
  const snapshot = readFields([findField('cmdline')!, findField('exepath')!]);
  const row = rowOf(snapshot, child.pid);
  // Linux 5.18 gives it an empty one all the same.
  assert.deepEqual(Buffer.from(snapshot.bytes('cmdline', row)), readFileSync(`${path}/cmdline`));
  assert.ok(snapshot.bytes('cmdline', row).length <= 1);
  assert.equal(text(snapshot, 'exepath', row), file);
});

test('arguments that their process has written over, shorter and up to their end', forRoot, async (t) => {
  for (const title of ['short', 'x'.repeat(5000)]) {
    const child = await node(t, `process.title = ${JSON.stringify(title)}; ${WAIT}`, 'a', 'b'.repeat(60));
    const snapshot = readFields([findField('cmdline')!]);
    const shown = Buffer.from(snapshot.bytes('cmdline', rowOf(snapshot, child.pid))).toString('latin1');
    const there = readFileSync(`/proc/${child.pid}/cmdline`, 'latin1');
    assert.equal(shown.replace(/\0+$/, ''), there.replace(/\0+$/, ''));
    assert.ok(shown.startsWith(title.slice(0, 5)));
  }
});

test('a title that goes on into what was the environment, as setproctitle writes it', forRoot, async (t) => {
  // The bytes from the first argument to the end of the environment are overwritten in place.
  const code = `const fs = require('fs');
    const stat = fs.readFileSync('/proc/self/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [start, end] = [BigInt(fields[45]), BigInt(fields[46])];
    const title = Buffer.alloc(Number(end - start) + 40, 'title-');
    const memory = fs.openSync('/proc/self/mem', 'r+');
    fs.writeSync(memory, Buffer.concat([title, Buffer.from([0])]), 0, title.length + 1, Number(start));
    ${WAIT}`;
  const child = await node(t, code);
  const there = readFileSync(`/proc/${child.pid}/cmdline`);
  const snapshot = readFields([findField('cmdline')!]);
  assert.deepEqual(Buffer.from(snapshot.bytes('cmdline', rowOf(snapshot, child.pid))), there);
  assert.match(there.toString('latin1'), /^(title-)+/);
});

test('a double fork with setsid, and a subreaper that takes the orphan', forRoot, async (t) => {
  const code = `${NATIVE}
    libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)')(36, 1, 0, 0, 0);
    const { spawnSync } = require('child_process');
    spawnSync('sh', ['-c', 'setsid sleep 1000 > /dev/null 2>&1 &'], { stdio: 'ignore' });
    ${WAIT}`;
  const reaper = await node(t, code);
  const children = (): number[] =>
    readFileSync(`/proc/${reaper.pid}/task/${reaper.pid}/children`, 'latin1').trim().split(' ').map(Number);
  await waitUntil('the orphan', () =>
    children().some((pid) => pid > 0 && /sleep/.test(readFileSync(`/proc/${pid}/comm`, 'latin1'))),
  );
  const orphan = children().at(-1)!;
  t.after(() => process.kill(orphan, 'SIGKILL'));
  const snapshot = readFields(fields);
  assert.equal(snapshot.number('reaper', rowOf(snapshot, reaper.pid)), 1);
  const row = rowOf(snapshot, orphan);
  assert.equal(snapshot.number('rppid', row), reaper.pid);
  assert.equal(snapshot.number('sid', row), orphan, 'a session of its own');
});

test('a process that is traced has two parents: the tracer and the real one', forRoot, async (t) => {
  const traced = await node(t, WAIT);
  const attach = `${NATIVE}
    const trace = libc.func('long ptrace(long, int, long, long)');
    const result = trace(0x4206, ${traced.pid}, 0, 0); // PTRACE_SEIZE: it is not stopped
    if (result < 0) process.exit(1);
    ${WAIT}`;
  const tracer = await node(t, attach);
  const snapshot = readFields(fields);
  const row = rowOf(snapshot, traced.pid);
  const names: NumberField[] = ['ppid', 'rppid', 'rptid'];
  assert.deepEqual(
    names.map((name) => snapshot.number(name, row)),
    [tracer.pid, process.pid, process.pid],
  );
});

/** Where a hierarchy of version 2 is, mounted for the test if it is nowhere. */
function unifiedHierarchy(t: TestContext): string {
  const mounted = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'latin1'))?.[1];
  if (mounted !== undefined) return mounted;
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-cgroup-'));
  assert.equal(spawnSync('mount', ['-t', 'cgroup2', 'none', folder]).status, 0);
  t.after(() => {
    spawnSync('umount', [folder]);
    rmdirSync(folder);
  });
  return folder;
}

test('containers by the names of their cgroups, as each runtime makes them', forRoot, async (t) => {
  const hierarchy = unifiedHierarchy(t);
  const top = `bpfkit-test-${process.pid}`;
  const id = (): string => randomBytes(32).toString('hex');
  const [docker, scope, pod, crio, podman, sidecar] = [id(), id(), id(), id(), id(), id()];
  const slice = 'kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a_1.slice';
  const places: readonly (readonly [path: string, container: string | undefined])[] = [
    [`docker/${docker}`, docker],
    [`system.slice/docker-${scope}.scope`, scope],
    [`${slice}/cri-containerd-${pod}.scope`, pod],
    [`${slice}/crio-${crio}.scope`, crio],
    [`machine.slice/libpod-${podman}.scope/container`, podman],
    [`kubepods/besteffort/pod0a-1/${sidecar}`, sidecar],
    ['lxc.payload.web-1', 'web-1'],
    ['lxc.payload.web-2/init.scope', 'web-2'],
    ['system.slice/a\\x2db.service', undefined],
    ['odd \x1b[2J \u202e name', undefined],
    ['docker/not-an-id', undefined],
  ];
  const made: string[] = [];
  const members: { readonly pid: number; readonly path: string; readonly container: string | undefined }[] =
    [];
  for (const [path, container] of places) {
    let folder = hierarchy;
    for (const name of [top, ...path.split('/')]) {
      folder = join(folder, name);
      if (made.includes(folder)) continue;
      mkdirSync(folder, { recursive: true });
      made.push(folder);
    }
    const child = await running(t, 'sh', '-c', 'echo ready; exec sleep 1000');
    writeFileSync(join(folder, 'cgroup.procs'), String(child.pid));
    members.push({ pid: child.pid, path, container });
  }
  try {
    const snapshot = readFields(fields);
    for (const { pid, path, container } of members) {
      const row = rowOf(snapshot, pid);
      const there = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
      assert.equal(text(snapshot, 'cgroup', row), there);
      assert.ok(there?.endsWith(`/${top}/${path}`), there);
      assert.equal(
        value(snapshot, 'cgroup_id', row),
        statSync(join(hierarchy, top, path), { bigint: true }).ino,
      );
      const shown =
        snapshot.state('container', row) === ValueState.absent ? undefined : text(snapshot, 'container', row);
      assert.equal(shown, container, path);
    }
  } finally {
    for (const { pid } of members) process.kill(pid, 'SIGKILL');
    await waitUntil('empty cgroups', () => members.every(({ pid }) => isGone(pid)));
    for (const folder of made.reverse()) rmdirSync(folder);
  }
});

function isGone(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}

test('10,000 more tasks are all there, with the parents that they have', forRoot, async (t) => {
  const limits = [
    Number(readFileSync('/proc/sys/kernel/threads-max', 'latin1')),
    Number(readFileSync('/proc/sys/kernel/pid_max', 'latin1')),
  ];
  const count = Math.min(10_000, ...limits.map((limit) => Math.floor(limit / 2)));
  if (count < 10_000)
    t.diagnostic(`the machine allows ${limits.join(' threads and numbers up to ')}: ${count}`);
  // Each is a shell's copy of itself that waits for the same pipe.
  const loop = `exec 3<&0; i=0; while [ $i -lt ${count} ]; do (read line <&3) & i=$((i + 1)); done; echo ready; read line`;
  const parent = await running(t, 'sh', '-c', loop);
  const snapshot = readFields(fields);
  const there = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'latin1').trim().split(' ');
  assert.equal(there.length, count);
  for (const pid of there) assert.equal(snapshot.number('rppid', rowOf(snapshot, Number(pid))), parent.pid);
  const below: number[] = [];
  walkTree(snapshot, rowOf(snapshot, parent.pid), (row) => below.push(snapshot.number('tid', row)));
  assert.equal(below.length, count + 1);
  assert.ok(readFiles(snapshot).columns.count >= 3 * count, 'and their files');
});
