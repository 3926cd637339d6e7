import assert from 'node:assert/strict';
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { vmlinux } from '../../kernel/vmlinux.ts';
import { endingOf } from './ending.ts';
import type { TaskEvent } from './event.ts';
import type { LiveTask } from './model.ts';
import { openWatch, type Watch } from './program.ts';
import { Session, type SessionHandlers, type SessionOptions } from './session.ts';

/** What the machine lacks for these tests, or undefined. */
function lacking(): string | undefined {
  if (process.geteuid?.() !== 0) return 'root';
  try {
    vmlinux();
    return undefined;
  } catch {
    return 'the kernel to describe its types (BTF)';
  }
}

interface Watched {
  readonly session: Session;
  readonly events: TaskEvent[];
  /** Asks until it is true; fails after ten seconds. */
  until(what: string, test: () => boolean): Promise<void>;
}

async function watched(
  t: TestContext,
  options: SessionOptions = {},
  onLost?: SessionHandlers['onLost'],
): Promise<Watched | undefined> {
  const missing = lacking();
  if (missing !== undefined) {
    t.skip(`needs ${missing}`);
    return undefined;
  }
  const events: TaskEvent[] = [];
  let walked = false;
  const session = new Session(
    {
      onEvent: (event) => events.push(event),
      onWalk: () => (walked = true),
      ...(onLost === undefined ? {} : { onLost }),
    },
    { keepEnded: 60_000, ...options },
  );
  const running = session.run();
  t.after(async () => {
    session.close();
    await running;
  });
  const until = async (what: string, test: () => boolean): Promise<void> => {
    for (const end = performance.now() + 10_000; !test(); await sleep(10)) {
      if (performance.now() > end) assert.fail(`not seen within ten seconds: ${what}`);
    }
  };
  await until('the first walk', () => walked);
  return { session, events, until };
}

test('a process that starts, executes and ends is in the tree with its exit code', async (t) => {
  const w = await watched(t);
  if (w === undefined) return;
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => process.exit(7), 300)']);
  const pid = child.pid!;
  const { tree } = w.session;
  await w.until('the exec', () => (tree.task(pid)?.execs ?? 0) > 0);
  assert.equal(tree.task(pid)?.rppid, process.pid);
  assert.equal(tree.task(pid)?.state, 'alive');
  await once(child, 'exit');
  await w.until('the end', () => tree.task(pid)?.state === 'ended');
  const { end } = tree.task(pid)!;
  assert.deepEqual(endingOf(end!.status!), { kind: 'code', code: 7 });
  assert.ok(end!.runTime! > 300_000_000n && end!.runTime! < 60_000_000_000n);
  assert.ok(end!.cpuTime! > 1_000_000n, 'starting Node takes more than a millisecond');
});

test('a process that is killed is in the tree with the signal', async (t) => {
  const w = await watched(t);
  if (w === undefined) return;
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const pid = child.pid!;
  await w.until('the exec', () => (w.session.tree.task(pid)?.execs ?? 0) > 0);
  child.kill('SIGKILL');
  await w.until('the end', () => w.session.tree.task(pid)?.state === 'ended');
  const ending = endingOf(w.session.tree.task(pid)!.end!.status!);
  assert.deepEqual(ending, { kind: 'signal', signal: 9, core: false });
});

/**
 * Starts `count` processes as fast as it can, each of which executes a file and ends: in C by posix_spawn (a vfork
 * inside), where there is a compiler; by a shell elsewhere.
 */
async function spawner(t: TestContext, count: number): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'bpfkit-watch-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'spawner');
  const ready: SpawnOptions = { stdio: ['pipe', 'ignore', 'inherit'] };
  if (spawnSync('cc', ['-O2', '-o', file, '-xc', '-'], { input: SPAWNER }).status === 0) {
    return spawn(file, [String(count)], ready);
  }
  const command = existsSync('/bin/busybox')
    ? '/bin/busybox sh -c "exit $((i & 255))"'
    : '/bin/sh -c "exit $((i & 255))"';
  const loop = `read line; i=0; while [ $i -lt ${count} ]; do ${command}; i=$((i + 1)); done`;
  return spawn('/bin/sh', ['-c', loop], ready);
}

const SPAWNER = `
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv) {
  if (argc > 2) return atoi(argv[2]);
  char number[16], byte;
  if (read(0, &byte, 1) < 1) return 1;
  for (int i = 0, count = atoi(argv[1]); i < count; i++) {
    snprintf(number, sizeof number, "%d", i & 255);
    char *words[] = { argv[0], "child", number, NULL }, *none[] = { NULL };
    pid_t pid;
    if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, words, none)) return 1;
    waitpid(pid, NULL, 0);
  }
  return 0;
}`;

test('thousands of starts a second: every fork, exec and end is in the model, exactly', async (t) => {
  const w = await watched(t);
  if (w === undefined) return;
  // A guest without a compiler runs a shell, in an emulator.
  const count = spawnSync('cc', ['--version']).status === 0 ? 2000 : 500;
  const child = await spawner(t, count);
  const began = performance.now();
  child.stdin!.end('\n');
  await once(child, 'exit');
  t.diagnostic(`${Math.round(count / ((performance.now() - began) / 1000))} starts a second`);
  await w.until('the end of all', () => w.session.tree.task(child.pid!)?.state === 'ended');
  const mine = (kind: TaskEvent['kind']): TaskEvent[] =>
    w.events.filter((event) => event.kind === kind && event.rppid === child.pid && event.tid === event.pid);
  assert.equal(w.session.lost, 0n, 'a ring of 4 MiB has room for all of them');
  const [forks, execs, exits] = [mine('fork'), mine('exec'), mine('exit')];
  assert.deepEqual([forks.length, execs.length, exits.length], [count, count, count]);
  const { counts } = w.session.tree;
  assert.equal(counts.missed, 0);
  const identity = ({ tid, start }: TaskEvent): string => `${tid}:${start}`;
  assert.deepEqual(exits.map(identity), forks.map(identity));
  assert.deepEqual(execs.map(identity), forks.map(identity));
  for (const [i, { tid }] of exits.entries()) {
    const task = w.session.tree.task(tid);
    // A number may have come back since: then the model has the later task.
    if (task?.start !== exits[i]!.start) continue;
    assert.equal(task.state, 'ended');
    assert.deepEqual(endingOf(task.end!.status!), { kind: 'code', code: i & 255 });
  }
});

const keyOf = (event: TaskEvent): string => `${event.kind} ${event.tid} ${event.start}`;

/** Reads a watch into a list until it is closed. */
function reading(watch: Watch, events: TaskEvent[]): Promise<void> {
  return (async () => {
    for await (const items of watch.batches()) {
      for (const item of items) if (item.kind !== 'walk') events.push(item);
    }
  })();
}

test('a ring that overflows: what is delivered and what is counted as lost is all there was', async (t) => {
  const missing = lacking();
  if (missing !== undefined) {
    t.skip(`needs ${missing}`);
    return;
  }
  const [small, large] = [openWatch(65_536), openWatch()];
  const [few, all]: [TaskEvent[], TaskEvent[]] = [[], []];
  const marker = (): number => spawn('/bin/sh', ['-c', 'exit 0'], { stdio: 'ignore' }).pid!;
  const seen = async (events: TaskEvent[], pid: number): Promise<void> => {
    for (const end = performance.now() + 20_000; performance.now() < end; await sleep(10)) {
      if (events.some(({ kind, tid }) => kind === 'exit' && tid === pid)) return;
    }
    assert.fail(`the end of ${pid} was not seen`);
  };
  try {
    const readers = [reading(large, all)];
    const first = marker();
    await seen(all, first);
    assert.equal(small.lost, 0n);
    const child = await spawner(t, 600);
    child.stdin!.end('\n');
    await once(child, 'exit');
    assert.ok(small.lost > 0n, 'nobody has read the small ring');
    readers.push(reading(small, few));
    await seen(few, first);
    // The ring is read now, so this one finds room.
    const last = marker();
    await Promise.all([seen(few, last), seen(all, last)]);
    assert.equal(large.lost, 0n);
    const from = all.findIndex(({ kind, tid }) => kind === 'fork' && tid === first);
    const to = all.findIndex(({ kind, tid }) => kind === 'exit' && tid === last);
    const delivered = new Map<string, number>();
    for (const event of few) delivered.set(keyOf(event), (delivered.get(keyOf(event)) ?? 0) + 1);
    let absent = 0n;
    for (const event of all.slice(from, to + 1)) {
      const left = delivered.get(keyOf(event)) ?? 0;
      if (left === 0) absent += 1n;
      else delivered.set(keyOf(event), left - 1);
    }
    // Of all processes of the machine, whoever started them.
    assert.equal(small.lost, absent);
    t.diagnostic(`${absent} of ${to + 1 - from} events were lost, and counted`);
    small.close();
    large.close();
    await Promise.all(readers);
  } finally {
    small.close();
    large.close();
  }
});

test('after the real ring has overflowed the tree is right again, and says what it missed', async (t) => {
  const losses: bigint[] = [];
  const w = await watched(t, { open: () => openWatch(16_384) }, (more) => losses.push(more));
  if (w === undefined) return;
  // Nothing is read while spawnSync waits. What it leaves behind was started when there was no room.
  const command = existsSync('/bin/busybox') ? '/bin/busybox true' : '/bin/true';
  const loop = `i=0; while [ $i -lt 200 ]; do ${command}; i=$((i + 1)); done`;
  const left = spawnSync('/bin/sh', ['-c', `${loop}; sleep 1000 > /dev/null 2>&1 & echo $!`], {
    encoding: 'utf8',
  });
  const pid = Number(left.stdout);
  t.after(() => process.kill(pid, 'SIGKILL'));
  await w.until('a loss', () => losses.length > 0);
  await w.until('the process whose start was lost', () => w.session.tree.task(pid)?.state === 'alive');
  assert.equal(
    losses.reduce((sum, more) => sum + more, 0n),
    w.session.lost,
  );
  assert.ok(w.session.lost > 100n);
});

test('a thread that starts and ends is no process', async (t) => {
  const w = await watched(t);
  if (w === undefined) return;
  const ofThread = (kind: TaskEvent['kind']) => (event: TaskEvent) =>
    event.kind === kind && event.pid === process.pid && event.tid !== process.pid;
  const worker = new Worker('', { eval: true });
  await w.until('the start of a thread', () => w.events.some(ofThread('fork')));
  await once(worker, 'exit');
  await w.until('the end of a thread', () => w.events.some(ofThread('exit')));
  assert.equal(w.session.tree.task(process.pid)?.state, 'alive');
});

test('after many events the tree is what a new walk finds', async (t) => {
  const w = await watched(t, { walkEvery: 3_600_000, keepEnded: 0 });
  if (w === undefined) return;
  for (let i = 0; i < 50; i++) spawnSync('/nonexistent/program');
  const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  t.after(() => left.kill('SIGKILL'));
  await w.until('the exec', () => (w.session.tree.task(left.pid!)?.execs ?? 0) > 0);
  const fresh = openWatch();
  t.after(() => fresh.close());
  fresh.walk();
  for await (const items of fresh.batches()) {
    const walk = items.find((item) => item.kind === 'walk');
    if (walk?.kind !== 'walk') continue;
    const touched = new Set(w.events.filter((event) => event.time > walk.walk.began).map(({ tid }) => tid));
    // What changes while we look is excluded: the tasks of this machine do not stand still for a test.
    for (const task of walk.walk.tasks) {
      if (task.zombie || touched.has(task.tid) || task.start > walk.walk.began) continue;
      await w.until(`task ${task.tid}`, () => w.session.tree.task(task.tid) !== undefined);
      const known: LiveTask = w.session.tree.task(task.tid)!;
      assert.equal(known.start, task.start, `start of ${task.tid}`);
      assert.equal(known.rptid, task.rptid, `parent of ${task.tid}`);
    }
    assert.ok(walk.walk.tasks.some(({ tid }) => tid === left.pid));
    break;
  }
});

test('a name with control characters arrives byte by byte', async (t) => {
  const w = await watched(t);
  if (w === undefined) return;
  const name = '\x1b[2Jx\ny';
  const code = `require('fs').writeFileSync('/proc/self/comm', ${JSON.stringify(name)})`;
  const child = spawn(process.execPath, ['-e', code]);
  await w.until('the end', () => w.session.tree.task(child.pid!)?.state === 'ended');
  assert.equal(w.session.tree.task(child.pid!)!.comm.text, name);
});
