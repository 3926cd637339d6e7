/** The open files of this machine: the kernel's walk, and what it does not show. */
import { readdirSync } from 'node:fs';
import { type WalkAbilities, walkAbilities } from '../abilities.ts';
import { filePaths } from '../late.ts';
import { inInitialNamespace, taskCount } from '../procfs.ts';
import type { Row, Snapshot } from '../snapshot.ts';
import { walkFiles, walkFilesLater } from './kernel-program.ts';
import { type FileColumns, FileTable } from './model.ts';
import { readFileRecords } from './record.ts';

/**
 * The descriptors of these tasks (default: of all) now. Only a task with a table of its own has any: the leader
 * of a process, or a thread that shares the table with nobody. Linux 5.8. Throws what loading a kernel program throws.
 *
 * @param abilities default: the running kernel's.
 */
export function readFiles(
  snapshot: Snapshot,
  rows?: readonly Row[],
  { paths }: WalkAbilities = walkAbilities(),
): FileTable {
  const tids = snapshot.numbers('tid');
  const records = walkFiles(
    rows?.map((row) => tids[row]!),
    paths,
  );
  return fileTable(records, snapshot, rows, paths);
}

/** Bytes of a record, with a path of usual length. */
const USUAL_RECORD = 160;
/** Descriptors of a task. */
const USUAL_FILES = 5;

/**
 * The files of all tasks, which the kernel walks over on another thread, from now on: what is read meanwhile on
 * this one costs no time. The function that comes back takes the snapshot of the tasks.
 */
export function readFilesLater(
  { paths }: WalkAbilities = walkAbilities(),
): (snapshot: Snapshot) => Promise<FileTable> {
  const records = walkFilesLater(paths, taskCount() * USUAL_FILES * USUAL_RECORD);
  records.catch(() => {}); // Whoever awaits it hears of it.
  return async (snapshot) => fileTable(await records, snapshot, undefined, paths);
}

function fileTable(
  records: Uint8Array,
  snapshot: Snapshot,
  rows: readonly Row[] | undefined,
  paths: boolean,
): FileTable {
  const walked = readFileRecords(records);
  const columns = paths || !inInitialNamespace() ? walked : withPaths(walked);
  return new FileTable(columns, hiddenTasks(snapshot, rows ?? snapshot.order, columns.numbers('tid')));
}

/** What the links in /proc say, for kernels whose walk cannot. */
function withPaths(columns: FileColumns): FileColumns {
  const path = filePaths(columns.numbers('tid'), columns.numbers('fd'));
  return {
    count: columns.count,
    numbers: (name) => columns.numbers(name),
    bytes: (name) => (name === 'path' ? path : columns.bytes(name)),
  };
}

/**
 * Processes whose files the walk leaves out, although /proc says that there are some: kernels of some machines
 * hide a supervisor from iterators. Numbers in /proc are the kernel's in the initial pid namespace only.
 */
function hiddenTasks(snapshot: Snapshot, rows: Iterable<Row>, shown: Int32Array): Set<number> {
  const tids = snapshot.numbers('tid');
  const pids = snapshot.numbers('pid');
  const known = new Set<number>();
  // The descriptors of a task follow each other.
  for (let row = 0; row < shown.length; row++) if (shown[row] !== shown[row - 1]) known.add(shown[row]!);
  const hidden = new Set<number>();
  let comparable: boolean | undefined;
  for (const row of rows) {
    const tid = tids[row]!;
    if (tid !== pids[row] || known.has(tid)) continue;
    comparable ??= inInitialNamespace();
    if (!comparable) break;
    if (hasDescriptors(tid)) hidden.add(tid);
  }
  return hidden;
}

function hasDescriptors(tid: number): boolean {
  try {
    return readdirSync(`/proc/${tid}/fd`).length > 0;
  } catch {
    return false; // It ended, or nobody may know.
  }
}
