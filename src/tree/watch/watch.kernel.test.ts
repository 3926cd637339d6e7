import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { vmlinux } from '../../kernel/vmlinux.ts';
import { endingOf } from './ending.ts';
import type { TaskEvent } from './event.ts';
import type { LiveTask } from './model.ts';
import { openWatch } from './program.ts';
import { Session } from './session.ts';

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

async function watched(t: TestContext, options = {}): Promise<Watched | undefined> {
  const missing = lacking();
  if (missing !== undefined) {
    t.skip(`needs ${missing}`);
    return undefined;
  }
  const events: TaskEvent[] = [];
  let walked = false;
  const session = new Session(
    { onEvent: (event) => events.push(event), onWalk: () => (walked = true) },
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

test('every start and end is an event or counted as lost', async (t) => {
  const w = await watched(t);
  if (w === undefined) return;
  const count = 500;
  const began = performance.now();
  // The child cannot execute what is not there: a start and an end, and nothing between.
  for (let i = 0; i < count; i++) spawnSync('/nonexistent/program');
  const rate = count / ((performance.now() - began) / 1000);
  t.diagnostic(`${Math.round(rate)} starts a second`);
  const mine = (kind: TaskEvent['kind']): number =>
    w.events.filter((event) => event.kind === kind && event.rppid === process.pid && event.tid === event.pid)
      .length;
  await w.until('all ends', () => BigInt(mine('exit')) + w.session.lost >= BigInt(count));
  if (w.session.lost === 0n) {
    assert.equal(mine('fork'), count);
    assert.equal(mine('exit'), count);
    assert.equal(w.session.tree.counts.missed, 0);
  }
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
  assert.equal(Buffer.from(w.session.tree.task(child.pid!)!.comm).toString(), name);
});
