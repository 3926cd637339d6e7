/**
 * Parents that the kernel's walk leaves out, from /proc: see procfs.ts. What is not in /proc either stays unknown.
 */
import { KernelString } from '../../text/kernel-string.ts';
import { missingParents } from '../procfs.ts';
import { readRecords } from '../record.ts';
import { Snapshot, type TaskColumns } from '../snapshot.ts';
import type { WalkedTask } from './event.ts';

/** The walk's tasks as the two columns that missingParents looks at. */
function columnsFor(tasks: readonly WalkedTask[]): Pick<TaskColumns, 'count' | 'numbers'> {
  return {
    count: tasks.length,
    numbers: (field) => Int32Array.from(tasks, (task) => (field === 'tid' ? task.tid : task.rptid)),
  };
}

/** The parents that `tasks` name but do not have, threads included, as walked tasks. */
export function hiddenTasks(tasks: readonly WalkedTask[]): WalkedTask[] {
  const records = missingParents(columnsFor(tasks) as TaskColumns);
  if (records.length === 0) return [];
  const snapshot = new Snapshot(readRecords(records));
  const found: WalkedTask[] = [];
  for (let row = 0; row < snapshot.count; row++) {
    found.push({
      tid: snapshot.number('tid', row),
      pid: snapshot.number('pid', row),
      vtid: snapshot.number('vtid', row),
      nsLevel: snapshot.number('ns_level', row),
      rptid: snapshot.number('rptid', row),
      rppid: snapshot.number('rppid', row),
      euid: snapshot.number('euid', row),
      reaper: snapshot.number('reaper', row) !== 0,
      start: 0n,
      comm: KernelString.from(snapshot.bytes('comm', row)),
      zombie: false,
      outsideWalk: true,
    });
  }
  return found;
}
