import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PlainTask, snapshotOf } from '../plain.ts';
import { type Snapshot, type SnapshotHost, ValueState } from '../snapshot.ts';
import { diffSnapshots, type SnapshotDifference } from './diff.ts';
import { identityWarning, writeDiff } from './report.ts';

const users = { nameOf: () => undefined };
const boot = { bootId: 'b1' };

function task(pid: number, rppid: number, comm: string, more: PlainTask = {}): PlainTask {
  const common = { tid: pid, pid, rppid, rptid: rppid, comm, cmdline: `${comm}\0`, exepath: `/bin/${comm}` };
  return { ...common, start_time: BigInt(pid) * 10n, ...more };
}

const machine = (tasks: readonly PlainTask[], host: SnapshotHost = boot): Snapshot => snapshotOf(tasks, host);

function lines(before: Snapshot, after: Snapshot, json = false): string[] {
  const out: string[] = [];
  const difference = diffSnapshots(before, after);
  writeDiff({ before, after, difference, users, json }, (line) => out.push(line));
  return out;
}

const init = task(1, 0, 'init');

test('equal snapshots have no differences and no lines', () => {
  const tasks = [init, task(2, 1, 'sh')];
  assert.deepEqual(diffSnapshots(machine(tasks), machine(tasks)), { identity: 'start', changes: [] });
  assert.deepEqual(lines(machine(tasks), machine(tasks)), []);
});

test('what came, went, has another parent and executed something else', () => {
  const before = machine([init, task(2, 1, 'sh'), task(3, 2, 'old'), task(4, 2, 'child'), task(5, 1, 'sh')]);
  const after = machine([
    ...[init, task(2, 1, 'sh'), task(4, 1, 'child'), task(6, 2, 'new')],
    task(5, 1, 'ls', { cmdline: 'ls\0-l\0' }),
  ]);
  assert.deepEqual(lines(before, after), [
    '- [old] pid: 3, parent: 2 [sh], cmd: old',
    '^ [child] pid: 4, parent: 2 [sh] -> 1 [init]',
    '! [ls] pid: 5, exepath: /bin/sh -> /bin/ls, cmd: sh -> ls,-l, comm: sh -> ls',
    '+ [new] pid: 6, parent: 2 [sh], cmd: new',
    '1 came, 1 went, 1 with another parent, 1 executed something else',
  ]);
  const json = lines(before, after, true).map((line): unknown => JSON.parse(line));
  assert.deepEqual(json[1], {
    ...{ change: 'parent', pid: 4, comm: 'child', start_time: 40 },
    ...{ before: { rppid: 2 }, after: { rppid: 1 } },
  });
  assert.deepEqual((json[2] as { after: unknown }).after, {
    ...{ exepath: '/bin/ls', cmdline: ['ls', '-l'], comm: 'ls' },
  });
});

test('a number that was used again is another process, even with the same name', () => {
  const before = machine([init, task(2, 1, 'sh')]);
  const after = machine([init, task(2, 1, 'sh', { start_time: 99n })]);
  const kinds = diffSnapshots(before, after).changes.map(({ kind }) => kind);
  assert.deepEqual(kinds, ['went', 'came']);
});

test('a parent whose number was used again is another parent', () => {
  const before = machine([init, task(2, 1, 'sh'), task(3, 2, 'x')]);
  const after = machine([init, task(2, 1, 'sh', { start_time: 99n }), task(3, 2, 'x')]);
  const kinds = diffSnapshots(before, after).changes.map(({ kind }) => kind);
  assert.deepEqual(kinds, ['went', 'came', 'parent']);
});

const identity = (difference: SnapshotDifference): string => difference.identity;

test('without start times number and name must do, with a warning', () => {
  const { start_time: _, ...old } = task(2, 1, 'sh');
  const { start_time: __, ...first } = init;
  const difference = diffSnapshots(machine([first, old]), machine([first, { ...old, comm: 'ls' }]));
  assert.equal(identity(difference), 'name');
  assert.deepEqual(
    difference.changes.map(({ kind }) => kind),
    ['went', 'came'],
  );
  assert.match(identityWarning('name') ?? '', /no start times/);
});

test('another boot has no process of this one', () => {
  const difference = diffSnapshots(machine([init]), machine([init], { bootId: 'b2' }));
  assert.equal(identity(difference), 'none');
  assert.equal(difference.changes.length, 2);
});

test('what one of them does not have is no difference; a cut value is compared as far as it goes', () => {
  const before = machine([task(1, 0, 'x', { exepath: { state: ValueState.absent }, cmdline: 'abc' })]);
  const cut = { state: ValueState.cut, bytes: Buffer.from('ab') };
  assert.deepEqual(diffSnapshots(before, machine([task(1, 0, 'x', { cmdline: cut })])).changes, []);
  const other = { state: ValueState.cut, bytes: Buffer.from('xy') };
  assert.equal(diffSnapshots(before, machine([task(1, 0, 'x', { cmdline: other })])).changes.length, 1);
});

test('names with control characters do nothing to the terminal', () => {
  const [line] = lines(machine([init]), machine([init, task(2, 1, '\x1b[2J')]));
  assert.ok(line?.includes('\\x1b[2J') && !line.includes('\x1b'));
});

test('threads are not processes', () => {
  const thread = { ...task(3, 1, 'sh'), pid: 1 };
  assert.deepEqual(diffSnapshots(machine([init]), machine([init, thread])).changes, []);
});
