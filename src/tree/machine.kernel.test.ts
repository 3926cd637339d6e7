import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { TreeError } from './errors.ts';
import { readFiles, readSnapshot, readTasks, tasksOf, watchTasks } from './machine.ts';
import type { ExitEvent } from './watch/event.ts';

/** The words of /proc/PID/stat of a process that has come to its rest. */
async function sleeping(pid: number): Promise<string[]> {
  for (;;) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ');
    if (stat[1] === '(sleep)' && stat[2] === 'S') return stat;
    await delay(5);
  }
}

test('tasks are objects whose values have the types of their fields', async () => {
  const child = spawn('sleep', ['987.5'], { stdio: 'ignore' });
  try {
    await once(child, 'spawn');
    const stat = await sleeping(child.pid!);
    const found = readTasks({
      fields: ['pid', 'rppid', 'comm', 'cmdline', 'exepath', 'reaper', 'state', 'start_time', 'mm.total_vm'],
      where: `pid == ${child.pid}`,
    });
    assert.equal(found.length, 1);
    const [task] = found;
    assert.equal(task!.pid, child.pid);
    assert.equal(task!.rppid, process.pid);
    assert.equal(String(task!.comm), 'sleep');
    assert.deepEqual(task!.cmdline?.map(String), ['sleep', '987.5']);
    // Not always a file called sleep: where busybox is the shell, it is that.
    assert.equal(String(task!.exepath), readlinkSync(`/proc/${child.pid}/exe`));
    assert.equal(task!.reaper, false);
    assert.equal(task!.state, 'S');
    // In ticks of a hundredth of a second.
    assert.equal(task!.start_time! / 10_000_000n, BigInt(stat[21]!));
    const [pages] = readFileSync(`/proc/${child.pid}/statm`, 'latin1').split(' ');
    assert.equal(task!['mm.total_vm'], BigInt(pages!));
  } finally {
    child.kill('SIGKILL');
  }
});

test('what a task does not have is undefined', () => {
  const [thread] = readTasks({ fields: ['comm', 'exepath', 'cmdline', 'rss'], where: 'pid == 2' });
  assert.equal(String(thread!.comm), 'kthreadd');
  assert.deepEqual([thread!.exepath, thread!.cmdline, thread!.rss], [undefined, undefined, undefined]);
});

test('the view of processes has a leader each, that of tasks has their threads too', () => {
  const leaders = readTasks({ fields: ['tid', 'pid'], where: `pid == ${process.pid}`, view: 'processes' });
  assert.deepEqual(leaders, [{ tid: process.pid, pid: process.pid }]);
  const threads = readTasks({ fields: ['tid', 'pid'], where: `pid == ${process.pid}` });
  assert.ok(threads.length > 1);
  assert.ok(threads.every(({ pid }) => pid === process.pid));
});

test('a snapshot gives the same tasks as objects, and their open files', () => {
  const snapshot = readSnapshot(['comm']);
  const row = snapshot.rowOf(process.pid)!;
  const [self] = tasksOf(snapshot, ['tid', 'comm'], [row]);
  assert.equal(self!.tid, process.pid);
  assert.deepEqual(self!.comm!.bytes, new Uint8Array(snapshot.bytes('comm', row)));
  const files = readFiles(snapshot, [row]);
  assert.ok(files.columns.numbers('fd').includes(0) || files.columns.count > 0);
  assert.ok(files.columns.numbers('tid').every((tid) => tid === process.pid));
});

test('an unknown field names its neighbours', () => {
  assert.throws(
    () => readTasks({ fields: ['comn' as 'comm'] }),
    (error) => error instanceof TreeError && error.nearest.includes('comm'),
  );
});

test('a watch gives the start, exec and exit of a process in order, and its loop takes it out of the kernel', async () => {
  using watch = watchTasks();
  const seen: string[] = [];
  let pid: number | undefined;
  let end: ExitEvent | undefined;
  const started = setTimeout(() => {
    pid = spawnSync('sh', ['-c', 'exit 7']).pid;
  }, 300);
  for await (const event of watch) {
    if (pid === undefined || event.pid !== pid) continue;
    seen.push(event.kind);
    if (event.kind !== 'exit' || !event.processEnded) continue;
    end = event;
    assert.equal(watch.tree.task(event.tid)?.state, 'ended');
    break;
  }
  clearTimeout(started);
  assert.deepEqual(seen, ['fork', 'exec', 'exit']);
  assert.equal((end!.status >> 8) & 0xff, 7);
  assert.equal(watch.lost, 0n);
  assert.ok(watch.tree.counts.exits >= 1);
});
