/**
 * This machine's tasks for programs: now as objects or as a snapshot, and from now on as events.
 *
 *     for (const task of readTasks({ fields: ['pid', 'comm', 'rss'], where: 'euid == 0' })) …
 *     using watch = watchTasks()
 *     for await (const event of watch) …
 *
 * Everything here needs CAP_BPF and CAP_PERFMON (or root) and Linux 5.8. Errors: TreeError for a field that there is
 * none of and for a condition that is wrong; else what loading a kernel program throws.
 */
import { vmlinux } from '../kernel/vmlinux.ts';
import type { Field, FieldName } from './fields.ts';
import type { FileTable } from './files/model.ts';
import { readFiles as readFilesOf } from './files/source.ts';
import { requireFieldOrPath } from './format.ts';
import { kernelField } from './path.ts';
import type { Row, Snapshot } from './snapshot.ts';
import { readFields } from './source.ts';
import { type FieldPath, type Task, taskReader } from './task.ts';
import { localUsers } from './users.ts';
import { select } from './walk.ts';
import type { TaskEvent } from './watch/event.ts';
import type { LiveView } from './watch/model.ts';
import { Session } from './watch/session.ts';
import { testFields } from './where/check.ts';
import { planCondition } from './where/plan.ts';

const fieldOf = (name: string): Field => requireFieldOrPath(name, (path) => kernelField(vmlinux(), path));

/** What tasks are to be read; see docs/process-tree.md for fields and conditions. */
export interface ReadTasks<Name extends FieldName | FieldPath> {
  /** Fields of the table by their long names, and paths of the kernel's fields. */
  readonly fields: readonly Name[];
  /** Only tasks for which this is true: `'euid == 0 && comm ~ "ssh*"'`; default: all. */
  readonly where?: string;
  /** Default: all threads. `processes`: their leaders only. */
  readonly view?: 'tasks' | 'processes';
}

/** The tasks of this machine (of the caller's pid namespace) now, by ascending `tid`. */
export function readTasks<const Name extends FieldName | FieldPath>(options: ReadTasks<Name>): Task<Name>[] {
  const { where, view = 'tasks' } = options;
  const fields = options.fields.map(fieldOf);
  const condition =
    where === undefined
      ? undefined
      : planCondition('', '', { where, kernelField: fieldOf, users: localUsers() });
  const test = condition?.kind === 'where' ? condition.test : undefined;
  const snapshot = readFields([...fields, ...(test === undefined ? [] : testFields(test))], test);
  let rows: Iterable<Row> = condition === undefined ? snapshot.order : select(snapshot, condition);
  if (view === 'processes') rows = [...rows].filter((row) => snapshot.isLeader(row));
  return Array.from(rows, taskReader<Name>(snapshot, fields));
}

/**
 * All tasks of this machine now with these fields, as what reports, trees and captures are made from: `walkTree`,
 * `lineage`, `select`, `writeReport`, `encodeCapture`. `tasksOf` makes objects of it.
 */
export function readSnapshot(names: readonly (FieldName | FieldPath)[]): Snapshot {
  return readFields(names.map(fieldOf));
}

/** Rows of a snapshot, of this machine or of a capture, as objects; default: of all tasks, by ascending `tid`. */
export function tasksOf<const Name extends FieldName>(
  snapshot: Snapshot,
  names: readonly Name[],
  rows: Iterable<Row> = snapshot.order,
): Task<Name>[] {
  return Array.from(rows, taskReader<Name>(snapshot, names.map(fieldOf)));
}

/** The open files of these tasks now; default: of all. */
export function readFiles(snapshot: Snapshot, rows?: readonly Row[]): FileTable {
  return readFilesOf(snapshot, rows);
}

/** Options of watchTasks. */
export interface WatchTasks {
  /** Milliseconds between two walks that compare the tree with the kernel's; default 5000. */
  readonly walkEvery?: number;
  /** Milliseconds that ended processes stay in the tree; default 3000. */
  readonly keepEnded?: number;
}

/**
 * Every start, exec and end of a task from now on, in the kernel's order, and the tree that they keep up to date: an
 * event comes when it is in the tree. A reader that is too slow loses events, which `lost` counts to the last one.
 */
export interface TaskWatch extends AsyncIterable<TaskEvent>, Disposable {
  readonly tree: LiveView;
  /** Events that found no room so far. */
  readonly lost: bigint;
  /** Takes everything out of the kernel and ends the iteration; so do the end of a loop over it and `using`. */
  close(): void;
}

/** Starts to watch; see TaskWatch. */
export function watchTasks(options: WatchTasks = {}): TaskWatch {
  const session = new Session({}, options);
  return {
    tree: session.tree,
    get lost() {
      return session.lost;
    },
    close: () => session.close(),
    [Symbol.dispose]: () => session.close(),
    [Symbol.asyncIterator]: () => session.events(),
  };
}
