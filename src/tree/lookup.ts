/**
 * Columns that are read from /proc when the kernel's walk is done: paths of cgroups.
 *
 * A kernel program has the id of a task's cgroup at hand but not its path, and many tasks share one. So the path
 * is read once for each id, from a task that is in it. A task may move or end meanwhile: then the next one of the
 * same id is asked, and an id that nobody answers for has no path. A task whose id is not known answers for itself. The numbers of tasks in /proc are those of the
 * reader's pid namespace, so this is done in the initial one only.
 */
import { readFileSync } from 'node:fs';
import { type BytesColumn, type LongColumn, type NumberColumn, ValueState } from './snapshot.ts';

/** How many tasks are asked about one cgroup before it is given up. */
const ATTEMPTS = 8;

/** The paths of all tasks' cgroups, from `tid` and `cgroup_id`. `read` is replaced in tests. */
export function cgroupPaths(
  tid: NumberColumn,
  { values, absent }: LongColumn,
  read: (tid: number) => Uint8Array = (one) => readFileSync(`/proc/${one}/cgroup`),
): BytesColumn {
  const paths = new Map<bigint | string, { path: Uint8Array | undefined; start: number; attempts: number }>();
  const keyOf = (row: number): bigint | string => (absent[row] === 1 ? `task ${row}` : values[row]!);
  const start = new Uint32Array(tid.length);
  const length = new Uint32Array(tid.length);
  const state = new Uint8Array(tid.length).fill(ValueState.absent);
  const parts: Uint8Array[] = [];
  let end = 0;
  for (let row = 0; row < tid.length; row++) {
    const id = keyOf(row);
    let known = paths.get(id);
    if (known === undefined) {
      known = { path: undefined, start: 0, attempts: 0 };
      paths.set(id, known);
    }
    if (known.path !== undefined || known.attempts === ATTEMPTS) continue;
    known.attempts += 1;
    try {
      known.path = unifiedPath(read(tid[row]!));
    } catch {
      continue; // It ended.
    }
    if (known.path === undefined) continue;
    known.start = end;
    parts.push(known.path);
    end += known.path.length;
  }
  for (let row = 0; row < tid.length; row++) {
    const known = paths.get(keyOf(row));
    if (known?.path === undefined) continue;
    start[row] = known.start;
    length[row] = known.path.length;
    state[row] = ValueState.whole;
  }
  return { data: Buffer.concat(parts), start, length, state };
}

const PREFIX = Buffer.from('0::');

/** The line of version 2 in /proc/PID/cgroup, which is its last; a path cannot hold a line's end (cgroup refuses it). */
function unifiedPath(bytes: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(bytes);
  const at = text.subarray(0, 3).equals(PREFIX) ? 0 : text.indexOf('\n0::') + 1;
  if (at === 0 && !text.subarray(0, 3).equals(PREFIX)) return undefined;
  const newline = text.indexOf(0x0a, at);
  return text.subarray(at + PREFIX.length, newline < 0 ? text.length : newline);
}
