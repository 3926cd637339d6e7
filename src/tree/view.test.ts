import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PlainTask, snapshotOf } from './plain.ts';
import { planReport, type ReportKind, writeReport } from './report.ts';
import type { ViewKind } from './view.ts';

const users = { nameOf: () => undefined };

function run(tasks: readonly PlainTask[], kind: ReportKind, value: string, view: ViewKind): string[] {
  const out: string[] = [];
  const plan = planReport(kind, 'tid', value, { view, pretty: false, format: ['tid'] });
  writeReport(plan, snapshotOf(tasks), users, { out: (line) => out.push(line), warn: () => {} });
  return out.slice(1).filter((line) => line !== '');
}

// 20 is a process of three threads, one of which, 22, has started 30.
const tasks: PlainTask[] = [
  { tid: 1, pid: 1, vtid: 1, comm: 'init' },
  { tid: 20, pid: 20, rptid: 1, comm: 'pool' },
  { tid: 21, pid: 20, rptid: 1, comm: 'pool' },
  { tid: 22, pid: 20, rptid: 1, comm: 'pool' },
  { tid: 30, pid: 30, rptid: 22, comm: 'child' },
  { tid: 25, pid: 25, rptid: 1, comm: 'other' },
];

test('threads hang below their leader, and what they started below them', () => {
  assert.deepEqual(run(tasks, 'tree', '1', 'threads'), [
    '[init] t: 1',
    '├─ [pool] t: 20',
    '│  ├─ {pool} t: 21',
    '│  └─ {pool} t: 22',
    '│     └─ [child] t: 30',
    '└─ [other] t: 25',
  ]);
});

test('of processes only, what a thread started belongs to its process', () => {
  assert.deepEqual(run(tasks, 'tree', '1', 'processes'), [
    '[init] t: 1',
    '├─ [pool] t: 20',
    '│  └─ [child] t: 30',
    '└─ [other] t: 25',
  ]);
});

test('a lineage follows the view', () => {
  assert.deepEqual(run(tasks, 'lineage', '30', 'tasks'), [
    'V [child] t: 30',
    'V {pool} t: 22',
    'V [init] t: 1',
  ]);
  assert.deepEqual(run(tasks, 'lineage', '30', 'processes'), [
    'V [child] t: 30',
    'V [pool] t: 20',
    'V [init] t: 1',
  ]);
  assert.deepEqual(run(tasks, 'lineage', '30', 'threads'), [
    'V [child] t: 30',
    'V {pool} t: 22',
    'V [pool] t: 20',
    'V [init] t: 1',
  ]);
});

test('threads do not match where there are processes only', () => {
  assert.throws(() => run(tasks, 'info', '21', 'processes'), /There are no tasks with 'tid=21'/);
  assert.deepEqual(run(tasks, 'info', '21', 'threads'), ['* {pool} t: 21']);
});

test('a thread whose leader is not there stands for its process', () => {
  const orphan: PlainTask[] = [
    { tid: 1, pid: 1, vtid: 1, comm: 'init' },
    { tid: 22, pid: 20, rptid: 1, comm: 'rest' },
  ];
  assert.deepEqual(run(orphan, 'tree', '1', 'processes'), ['[init] t: 1', '└─ {rest} t: 22']);
});

test('every view of any relations ends, with no task twice in a tree', () => {
  const number = fc.integer({ min: 1, max: 6 });
  const task = fc.record({ tid: number, pid: number, rptid: number });
  fc.assert(
    fc.property(fc.array(task, { minLength: 1, maxLength: 8 }), (list) => {
      for (const view of ['tasks', 'threads', 'processes'] as const) {
        for (const kind of ['tree', 'lineage', 'info'] as const) {
          try {
            const lines = run(list, kind, String(list[0]!.tid), view);
            assert.ok(lines.length <= list.length * list.length);
          } catch (error) {
            assert.match(String(error), /There are no tasks/);
          }
        }
      }
    }),
    { numRuns: 500 },
  );
});
