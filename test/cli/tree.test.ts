/** The process tree of this machine, through the built command line. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { bpfkit } from '../support/command.ts';

const forRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root' };

/** A process that has given itself a name, alive until the test ends. */
async function named(t: TestContext, name: string): Promise<number> {
  // The name is set by writing it to the kernel: process.title would rewrite the arguments too.
  const code = `require('fs').writeFileSync('/proc/self/comm', ${JSON.stringify(name)});
    console.log('ready'); setInterval(() => {}, 1000)`;
  const child: ChildProcess = spawn(process.execPath, ['-e', code, 'first', '', 'last'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await new Promise((resolve, reject) => {
    child.stdout?.once('data', resolve);
    child.once('exit', reject);
  });
  assert.ok(child.pid);
  return child.pid;
}

async function json(...words: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await bpfkit([...words, '--json']);
  assert.equal(code, 0, stderr.toString());
  return stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('every field of a process is what /proc says', forRoot, async (t) => {
  const pid = await named(t, 'bpfkit-fields');
  const [task] = await json('info', 'tid', String(pid));
  assert.ok(task);
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const [, ppid, pgid, sid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const login = Number(readFileSync(`/proc/${pid}/loginuid`, 'latin1'));
  const names = ['tid', 'vtid', 'pid', 'vpid', 'pgid', 'sid', 'ppid', 'rppid', 'comm', 'reaper'];
  const some = [...names, 'exepath', 'euid', 'loginuid', 'cmdline', 'uid', 'gid', 'threads', 'container'];
  assert.deepEqual(Object.fromEntries(some.map((name) => [name, task[name]])), {
    ...{ tid: pid, vtid: pid, pid, vpid: pid, pgid: Number(pgid), sid: Number(sid) },
    ...{ ppid: Number(ppid), rppid: Number(ppid), comm: 'bpfkit-fields', reaper: false },
    ...{ exepath: readlinkSync(`/proc/${pid}/exe`), euid: 0 },
    loginuid: login === 0xffffffff ? -1 : login,
    cmdline: readFileSync(`/proc/${pid}/cmdline`, 'utf8').slice(0, -1).split('\0'),
    ...{ uid: 0, gid: 0, container: null },
    threads: Number(/^Threads:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]),
  });
});

test('a name with control characters is shown, exact in JSON, and can be typed back', forRoot, async (t) => {
  const name = '\x1b[2Ja)\u202e';
  const pid = String(await named(t, name));
  const info = await bpfkit(['info', 'tid', pid, '-n', '-f', 'comm']);
  const shown = '\\x1b[2Ja)\\u202e';
  assert.equal(info.stdout.toString(), `- Task Info for 'tid=${pid}'\n* [${shown}] c: ${shown}\n`);
  const [task] = await json('info', 'tid', pid, '-f', 'comm');
  assert.deepEqual(task, { comm: name });
  const back = await bpfkit(['info', 'comm', shown, '-n', '-f', 'tid']);
  assert.ok(back.stdout.toString().includes(`t: ${pid}\n`));
});

test('a lineage leads from a child to this process', forRoot, async (t) => {
  const pid = await named(t, 'bpfkit-child');
  const up = await json('lineage', 'tid', String(pid), '-f', 'tid,pid,rppid');
  assert.equal(up[0]?.tid, pid);
  assert.equal(up[1]?.pid, process.pid);
  assert.ok(up.every((task, depth) => task.depth === depth));
});

test('a tree from this process has the child, and every thread once', forRoot, async (t) => {
  const pid = await named(t, 'bpfkit-leaf');
  const tree = await json('tree', 'pid', String(process.pid), '-f', 'tid,comm');
  const leaf = tree.find((task) => task.tid === pid);
  assert.deepEqual(leaf, { depth: 1, tid: pid, comm: 'bpfkit-leaf' });
  assert.equal(new Set(tree.map((task) => task.tid)).size, tree.length);
});

test('a value that nothing has is exit code 1', forRoot, async () => {
  const { code, stdout, stderr } = await bpfkit(['tree', 'tid', '4194305', '-n']);
  assert.deepEqual({ code, out: stdout.toString() }, { code: 1, out: '' });
  assert.match(stderr.toString(), /^X There are no tasks with 'tid=4194305' in the system$/m);
});

test('a condition selects by several fields, alone or beside a field and its value', forRoot, async (t) => {
  const pid = await named(t, 'bpfkit-where');
  const where = `comm ~ "bpfkit-wh*" && euid == "root" && threads >= 1 && run_time < 1h && tid == ${pid}`;
  for (const words of [
    ['--where', where],
    ['tid', String(pid), '--where', 'comm ~ "*-where"'],
  ]) {
    const [task, ...more] = await json('info', ...words, '-f', 'tid,comm,signal.nr_threads,mm.total_vm');
    assert.equal(more.length, 0);
    assert.equal(task?.tid, pid);
    assert.equal(typeof task['mm.total_vm'], 'number');
    assert.ok(Number(task['signal.nr_threads']) >= 1);
  }
  const text = await bpfkit(['info', '--where', `tid == ${pid}`, '-n', '-f', 'comm']);
  assert.equal(text.stdout.toString(), `- Task Info for 'tid == ${pid}'\n* [bpfkit-where] c: bpfkit-where\n`);
});

test(
  'conditions and paths that are wrong are exit code 2, with the place and near names',
  forRoot,
  async () => {
    const cases: [words: string[], said: RegExp][] = [
      [['--where', 'comm = "x"'], /write '==' to compare\n {2}comm = "x"\n {7}\^\n/],
      [['--where', 'pid == "x"'], /'pid' is a number, this is text/],
      [['--where', '('.repeat(10_000)], /nested more than 200 deep/],
      [['pid', '1', '-f', 'mm.totl_vm'], /Did you mean 'total_vm'/],
      [['pid', '1', '-f', 'signal.rlim[99].rlim_cur'], /the array has \d+ elements/],
      [['pid', '1', '--threads', '--processes'], /exclude each other/],
      [[], /missing required argument 'field-name'/],
    ];
    for (const [words, said] of cases) {
      const { code, stdout, stderr } = await bpfkit(['info', ...words, '-n']);
      assert.equal(code, 2, stderr.toString());
      assert.equal(stdout.toString(), '');
      assert.match(stderr.toString(), said);
    }
  },
);

test('processes are shown without their threads, and threads below their process', forRoot, async () => {
  const all = await json('tree', 'pid', String(process.pid), '--threads', '-f', 'tid,pid');
  const threads = all.filter((task) => task.pid === process.pid && task.tid !== process.pid);
  assert.ok(threads.length > 0, 'this process has threads');
  const root = all.find((task) => task.tid === process.pid);
  assert.equal(root?.depth, 0);
  const processes = await json('tree', 'pid', String(process.pid), '--processes', '-f', 'tid,pid');
  assert.ok(processes.every((task) => task.tid === task.pid));
});
