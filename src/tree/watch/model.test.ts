import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KernelString } from '../../text/kernel-string.ts';
import type { ExecEvent, ExitEvent, ForkEvent, TaskFacts, WalkedTask } from './event.ts';
import { LiveTree } from './model.ts';

const name = (text: string): KernelString => KernelString.from(Buffer.from(text));

let clock = 1000n;
const tick = (): bigint => {
  clock += 1n;
  return clock;
};

type Some = Partial<TaskFacts> & { readonly tid: number };

function facts(some: Some): TaskFacts {
  const { tid, pid = tid, rptid = 1, rppid = rptid, start = BigInt(tid) } = some;
  return {
    ...{ tid, pid, rptid, rppid, start, vtid: tid, nsLevel: 0, euid: 0, reaper: false },
    comm: name('x'),
    ...some,
  };
}

const fork = (some: Some): ForkEvent => ({ ...facts(some), kind: 'fork', time: tick() });
const exec = (some: Some, oldTid = some.tid): ExecEvent => ({
  ...facts(some),
  kind: 'exec',
  time: tick(),
  oldTid,
});
const exit = (some: Some, processEnded = true, status = 0): ExitEvent => ({
  ...{ ...facts(some), kind: 'exit', time: tick(), processEnded, status, runTime: 5n, cpuTime: 3n },
});
const walked = (some: Some, zombie = false): WalkedTask => ({ ...facts(some), zombie });

function started(): LiveTree {
  const tree = new LiveTree();
  const tasks = [walked({ tid: 1, rptid: 0 }), walked({ tid: 10 }), walked({ tid: 20, rptid: 10 })];
  tree.reconcile({ began: tick(), tasks }, 0, false);
  return tree;
}

const list = (tree: LiveTree): string[] =>
  [...tree.tasks()].map(({ tid, rptid, state }) => `${tid}<${rptid} ${state}`).sort();

test('a process starts, executes and ends, and stays for a while', () => {
  const tree = started();
  tree.apply(fork({ tid: 30, rptid: 20 }), 1);
  tree.apply(exec({ tid: 30, rptid: 20, comm: name('ls') }), 2);
  tree.apply(exit({ tid: 30, rptid: 20, comm: name('ls') }, true, 256), 3);
  const task = tree.task(30);
  assert.equal(task?.state, 'ended');
  assert.deepEqual(task?.end, { status: 256, runTime: 5n, cpuTime: 3n });
  assert.equal(String(task.comm), 'ls');
  assert.deepEqual(tree.counts, { forks: 1, execs: 1, exits: 1, missed: 0 });
  tree.expire(2);
  assert.ok(tree.task(30));
  tree.expire(3);
  assert.equal(tree.task(30), undefined);
});

test('an end whose start was not seen is an ended process', () => {
  const tree = started();
  tree.apply(exit({ tid: 30, rptid: 20 }, true, 9), 1);
  assert.deepEqual(list(tree), ['10<1 alive', '1<0 alive', '20<10 alive', '30<20 ended']);
  assert.equal(tree.counts.exits, 1);
});

test('two threads that end at once both say that nobody is left: one end', () => {
  const tree = started();
  tree.apply(fork({ tid: 31, pid: 20, rptid: 10 }), 1);
  tree.apply(exit({ tid: 31, pid: 20, rptid: 10 }), 2);
  tree.apply(exit({ tid: 20, rptid: 10 }), 3);
  assert.equal(tree.counts.exits, 1);
  assert.deepEqual(list(tree), ['10<1 alive', '1<0 alive', '20<10 ended']);
});

test('a leader that ends before its threads is a zombie until the last of them ends', () => {
  const tree = started();
  tree.apply(fork({ tid: 31, pid: 20, rptid: 10 }), 1);
  tree.apply(exit({ tid: 20, rptid: 10 }, false), 2);
  assert.equal(tree.task(20)?.state, 'zombie');
  tree.apply(exit({ tid: 31, pid: 20, rptid: 10 }, true, 0), 3);
  assert.equal(tree.task(20)?.state, 'ended');
  assert.equal(tree.task(31), undefined);
  assert.equal(tree.counts.exits, 1);
});

test('an exec by another thread than the leader: it takes the number, and its children stay its own', () => {
  const tree = started();
  tree.apply(fork({ tid: 31, pid: 20, rptid: 10 }), 1);
  tree.apply(fork({ tid: 40, rptid: 31, rppid: 20 }), 1);
  tree.apply(exit({ tid: 20, rptid: 10 }, false), 2);
  tree.apply(exec({ tid: 20, rptid: 10, comm: name('new') }, 31), 3);
  assert.deepEqual(list(tree), ['10<1 alive', '1<0 alive', '20<10 alive', '40<20 alive']);
  assert.equal(tree.counts.exits, 0);
});

test('a number that comes back is another task', () => {
  const tree = started();
  tree.apply(exit({ tid: 20, rptid: 10 }), 1);
  tree.apply(fork({ tid: 20, rptid: 1, start: 99n }), 2);
  assert.deepEqual(list(tree), ['10<1 alive', '1<0 alive', '20<1 alive']);
  tree.expire(5);
  assert.ok(tree.task(20), 'the new one does not expire with the old one');
  tree.apply(exit({ tid: 20, rptid: 1, start: 99n }), 6);
  assert.equal(tree.counts.exits, 2);
});

test('children of a process that ends go to the nearest subreaper, which the kernel confirms', () => {
  const tree = started();
  const reaper = { tid: 10, reaper: true };
  tree.reconcile(
    { began: tick(), tasks: [walked({ tid: 1, rptid: 0 }), walked(reaper), walked({ tid: 20, rptid: 10 })] },
    0,
    false,
  );
  tree.apply(fork({ tid: 30, rptid: 20 }), 1);
  tree.apply(fork({ tid: 40, rptid: 30 }), 1);
  tree.apply(exit({ tid: 30, rptid: 20 }), 2);
  assert.equal(tree.task(40)?.rptid, 10);
  assert.equal(tree.unsure, true);
  assert.equal(tree.task(30)?.rptid, 20, 'the ended one stays where it was');
});

test('children of a thread that ends go to the leader', () => {
  const tree = started();
  tree.apply(fork({ tid: 31, pid: 20, rptid: 10 }), 1);
  tree.apply(fork({ tid: 40, rptid: 31, rppid: 20 }), 1);
  tree.apply(exit({ tid: 31, pid: 20, rptid: 10 }, false), 2);
  assert.equal(tree.task(40)?.rptid, 20);
});

test('orphans in a pid namespace stay in it', () => {
  const tree = started();
  tree.apply(fork({ tid: 50, rptid: 20, vtid: 1, nsLevel: 1 }), 1);
  tree.apply(fork({ tid: 60, rptid: 50, vtid: 2, nsLevel: 1 }), 1);
  tree.apply(fork({ tid: 70, rptid: 60, vtid: 3, nsLevel: 1 }), 1);
  tree.apply(exit({ tid: 60, rptid: 50, vtid: 2, nsLevel: 1 }), 2);
  assert.equal(tree.task(70)?.rptid, 50);
});

test('vfork: the child executes and ends before its parent goes on', () => {
  const tree = started();
  tree.apply(fork({ tid: 30, rptid: 20 }), 1);
  tree.apply(exec({ tid: 30, rptid: 20 }), 1);
  tree.apply(exit({ tid: 30, rptid: 20 }), 1);
  tree.apply(exec({ tid: 20, rptid: 10 }), 1);
  assert.deepEqual(list(tree), ['10<1 alive', '1<0 alive', '20<10 alive', '30<20 ended']);
});

test('a walk does not bring back what has ended, nor take away what came during it', () => {
  const tree = started();
  const began = tick();
  tree.apply(fork({ tid: 30, rptid: 20 }), 1);
  tree.apply(exit({ tid: 20, rptid: 10 }), 1);
  const tasks = [walked({ tid: 1, rptid: 0 }), walked({ tid: 10 }), walked({ tid: 20, rptid: 10 })];
  tree.reconcile({ began, tasks }, 2, false);
  assert.deepEqual(list(tree), ['10<1 alive', '1<0 alive', '20<10 ended', '30<1 alive']);
  tree.reconcile({ began: tick(), tasks }, 3, false);
  assert.equal(tree.task(20)?.state, 'ended', 'still waited for by its parent');
});

test('after losses a walk finds what has ended, and says that it was missed', () => {
  const tree = started();
  tree.reconcile(
    { began: tick(), tasks: [walked({ tid: 1, rptid: 0 }), walked({ tid: 20, rptid: 1 })] },
    4,
    true,
  );
  assert.equal(tree.task(10)?.state, 'ended');
  assert.equal(tree.task(10)?.end?.status, undefined);
  assert.equal(tree.counts.missed, 1);
  assert.equal(tree.task(20)?.rptid, 1);
});

test('a process that a walk cannot see is not missed when a walk does not have it', () => {
  const tree = started();
  const hidden: WalkedTask = { ...walked({ tid: 5, rptid: 0, start: 0n }), outsideWalk: true };
  tree.reconcile({ began: tick(), tasks: [hidden, walked({ tid: 1, rptid: 0 })] }, 1, true);
  tree.reconcile({ began: tick(), tasks: [walked({ tid: 1, rptid: 0 })] }, 1, true);
  assert.ok(tree.task(5));
});

test('whatever order events come in: a walk afterwards leaves exactly what it has, alive', () => {
  const event = fc.record({
    kind: fc.constantFrom('fork', 'exec', 'exit' as const),
    tid: fc.integer({ min: 1, max: 12 }),
    pid: fc.integer({ min: 1, max: 12 }),
    rptid: fc.integer({ min: 0, max: 12 }),
    old: fc.integer({ min: 1, max: 12 }),
    start: fc.bigInt({ min: 1n, max: 3n }),
    dead: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 40 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 12 })),
      (events, left) => {
        const tree = new LiveTree();
        for (const { kind, tid, pid, rptid, old, start, dead } of events) {
          const some = { tid, pid, rptid, start };
          tree.apply(kind === 'fork' ? fork(some) : kind === 'exec' ? exec(some, old) : exit(some, dead), 1);
          for (const task of tree.tasks()) assert.ok(tree.lineage(task).length <= 13);
        }
        const tasks = left.map((tid) => walked({ tid, start: 9n }));
        tree.reconcile({ began: tick(), tasks }, 2, true);
        tree.expire(2);
        assert.deepEqual(
          [...tree.tasks()].map(({ tid }) => tid).sort((a, b) => a - b),
          [...left].sort((a, b) => a - b),
        );
      },
    ),
    { numRuns: 300 },
  );
});
