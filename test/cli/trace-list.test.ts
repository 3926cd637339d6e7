/** Lists of probes beside those of bpftrace 0.17, which this machine has; what both know must be the same. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { listFor } from '../../src/trace/list/index.ts';
import { testPrograms } from '../support/programs.ts';

function bpftrace(...words: string[]): string[] {
  const ran = spawnSync('bpftrace', words, { encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout.split('\n').filter((line) => line !== '');
}

const inOrder = (lines: readonly string[]): string[] => [...lines].sort();

test('tracepoints, all of them and with their fields', () => {
  assert.deepEqual(inOrder(listFor('tracepoint:*')), inOrder(bpftrace('-l', 'tracepoint:*')));
  assert.deepEqual(listFor('tracepoint:sched:*', { verbose: true }), bpftrace('-lv', 'tracepoint:sched:*'));
});

test('functions and probes of programs', () => {
  const { probed, library } = testPrograms();
  for (const pattern of [`uprobe:${probed}:*`, `uprobe:${library}:library*`, `usdt:${probed}:*`]) {
    const theirs = new Set(bpftrace('-l', pattern));
    const ours = new Set(listFor(pattern));
    for (const line of theirs) assert.ok(ours.has(line), line);
    assert.ok(theirs.size > 0);
  }
});

test('types as they are defined', () => {
  for (const pattern of ['struct path', 'struct qstr', 'struct list_head', 'enum pid_type', 'struct pid']) {
    const [head, ...rest] = bpftrace('-lv', pattern);
    assert.deepEqual(listFor(pattern, { verbose: true }), [`vmlinux: ${head}`, ...rest, ''], pattern);
  }
});

test('a list of tracepoints is there at once', () => {
  listFor('tracepoint:*');
  const started = performance.now();
  listFor('tracepoint:*');
  assert.ok(performance.now() - started < 50);
});
