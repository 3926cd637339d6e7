import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntil } from '../../../test/support/wait.ts';
import { KernelString } from '../../text/kernel-string.ts';
import { requireField } from '../format.ts';
import type { TaskFacts } from './event.ts';
import { eventLine, lostLine } from './lines.ts';
import { LiveTree } from './model.ts';
import type { Watch, WatchItem } from './program.ts';
import { Session } from './session.ts';

/** A kernel by hand. */
class ScriptedWatch implements Watch {
  lost = 0n;
  walks = 0;
  closed = false;
  #items: WatchItem[][] = [];
  #wake: (() => void) | undefined;
  tasks: readonly TaskFacts[] = [];

  send(...items: WatchItem[]): void {
    this.#items.push(items);
    this.#wake?.();
  }

  walk(): void {
    this.walks += 1;
    const tasks = this.tasks.map((task) => ({ ...task, zombie: false }));
    this.send({ kind: 'walk', walk: { began: process.hrtime.bigint(), tasks } });
  }

  async *batches(): AsyncGenerator<WatchItem[]> {
    while (!this.closed || this.#items.length > 0) {
      const next = this.#items.shift();
      if (next !== undefined) yield next;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.closed = true;
    this.#wake?.();
  }
}

function facts(tid: number, rptid: number, more: Partial<TaskFacts> = {}): TaskFacts {
  return {
    ...{ tid, pid: tid, rptid, rppid: rptid, start: BigInt(tid), vtid: tid, nsLevel: 0, euid: 0 },
    ...{ reaper: false, comm: KernelString.from(Buffer.from('x')), ...more },
  };
}

test('losses are told, and lead to a walk that finds what was missed', async (t) => {
  const watch = new ScriptedWatch();
  watch.tasks = [facts(1, 0), facts(2, 1)];
  const told: bigint[] = [];
  const session = new Session(
    { onLost: (more) => told.push(more) },
    { open: () => watch, walkEvery: 3_600_000 },
  );
  const running = session.run();
  t.after(() => session.close());
  await waitUntil('the first walk', () => session.tree.size > 0);
  assert.equal(watch.walks, 1);
  watch.tasks = [facts(1, 0), facts(3, 1)];
  watch.lost = 3n;
  watch.send({ ...facts(1, 0), kind: 'exec', time: 5n, oldTid: 1 });
  await waitUntil('the walk', () => session.tree.counts.missed > 0);
  await sleep(300);
  assert.deepEqual(told, [3n]);
  assert.equal(watch.walks, 2, 'one walk after the loss, and no more once it was applied');
  assert.equal(session.tree.task(2)?.state, 'ended');
  assert.equal(session.tree.task(3)?.state, 'alive');
  assert.equal(session.tree.counts.missed, 1);
  session.close();
  await running;
  assert.equal(watch.closed, true);
});

test('a derived parent leads to a walk', async (t) => {
  const watch = new ScriptedWatch();
  watch.tasks = [facts(1, 0), facts(2, 1), facts(3, 2)];
  const session = new Session({}, { open: () => watch, walkEvery: 3_600_000 });
  const running = session.run();
  t.after(() => session.close());
  await waitUntil('the first walk', () => session.tree.size > 0);
  watch.tasks = [facts(1, 0), facts(3, 1)];
  const end = { processEnded: true, status: 0, runTime: 1n, cpuTime: 1n };
  watch.send({ ...facts(2, 1), kind: 'exit', time: 5n, ...end });
  await waitUntil('the walk', () => watch.walks === 2 && !session.tree.unsure);
  assert.equal(session.tree.unsure, false);
  session.close();
  await running;
});

const options = {
  ...{ json: false, format: [], users: { nameOf: () => 'root' }, threads: false, clockOffset: 0n },
};

test('an event as a line', () => {
  const tree = new LiveTree();
  const fork = {
    ...facts(7, 1, { comm: KernelString.from(Buffer.from('\x1b]0;x')) }),
    kind: 'fork',
    time: 1_500_000_000n,
  } as const;
  const line = eventLine(fork, tree.apply(fork, 0), tree, options);
  assert.equal(line, '00:00:01.500000 fork [\\x1b]0;x] tid: 7, pid: 7, rppid: 1');
});

test('an event as JSON, exact', () => {
  const tree = new LiveTree();
  const exit = {
    ...facts(7, 1, { start: 2n ** 60n + 1n }),
    ...({ kind: 'exit', time: 3n, processEnded: true } as const),
    ...{ status: 9, runTime: 2n ** 60n + 3n, cpuTime: 4n },
  } as const;
  const line = eventLine(exit, tree.apply(exit, 0), tree, { ...options, json: true });
  assert.equal(
    line,
    '{"event":"exit","time":3,"tid":7,"pid":7,"rptid":1,"rppid":1,"comm":"x","euid":0,"euid_name":"root",' +
      '"start_time":1152921504606846977,"signal":"SIGKILL","core_dumped":false,"run_time":1152921504606846979,"cpu_time":4}',
  );
});

test('a condition lets through what matches and what is below it', () => {
  const tree = new LiveTree();
  const condition = { kind: 'equals', field: requireField('pid'), value: '5' } as const;
  const lines = [facts(5, 1), facts(6, 5), facts(7, 6), facts(8, 1)].map((task) => {
    const fork = { ...task, kind: 'fork', time: 1n } as const;
    return eventLine(fork, tree.apply(fork, 0), tree, { ...options, condition });
  });
  assert.deepEqual(
    lines.map((line) => line !== undefined),
    [true, true, true, false],
  );
});

test('threads only when they are asked for', () => {
  const tree = new LiveTree();
  const fork = { ...facts(8, 1, { pid: 7 }), kind: 'fork', time: 1n } as const;
  assert.equal(eventLine(fork, tree.apply(fork, 0), tree, options), undefined);
  assert.ok(eventLine(fork, tree.apply(fork, 0), tree, { ...options, threads: true })?.includes('{x}'));
});

test('losses as lines', () => {
  assert.equal(lostLine(2n, 5n, true), '{"event":"lost","count":2,"total":5}');
  assert.match(lostLine(2n, 5n, false), /^2 events were lost, 5 since the start/);
});
