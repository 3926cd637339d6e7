/**
 * Command lines that the kernel's walk could not hand over whole, from /proc.
 *
 * The walk reads the first 4,096 bytes of where a process was given its arguments. Two kinds of command lines are more
 * than that: long ones, and those that a process has rewritten beyond their end, into what was its environment
 * (setproctitle), which shows as a last byte that is no NUL (get_mm_cmdline of fs/proc/base.c). Both are rare. /proc is
 * believed when it begins with what the walk has seen: then it is the same process, with the same arguments.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { type BytesColumn, type NumberColumn, replaceValues, ValueState } from './snapshot.ts';

/** More than a process can be started with (a quarter of the largest stack that is usual, and some). */
const LONGEST = 4 * 1024 * 1024;
/** What all of them may take. Those for which there is no room stay cut, and are shown as that. */
const MOST_BYTES = 64 * 1024 * 1024;

/** @param read up to `most` bytes of a task's command line; replaced in tests. */
export function wholeArguments(
  tid: NumberColumn,
  column: BytesColumn,
  read: (tid: number, most: number) => Uint8Array = readCommandLine,
): BytesColumn {
  const { data, start, length, state } = column;
  const found = new Map<number, Uint8Array>();
  let left = MOST_BYTES;
  for (let row = 0; row < state.length; row++) {
    const end = start[row]! + length[row]!;
    if (state[row] === ValueState.absent || length[row] === 0) continue;
    const cut = state[row] === ValueState.cut;
    if (!cut && data[end - 1] === 0) continue;
    let seen = data.subarray(start[row]!, end);
    if (!cut && seen.includes(0)) seen = seen.subarray(0, seen.indexOf(0));
    if (seen.length > left) break;
    let whole: Uint8Array;
    try {
      whole = read(tid[row]!, Math.min(LONGEST, left));
    } catch {
      continue; // It ended.
    }
    if (whole.length === 0 || !startsWith(whole, seen)) continue;
    // What was read to the limit may go on.
    if (whole.length === Math.min(LONGEST, left)) continue;
    found.set(row, whole);
    left -= whole.length;
  }
  return replaceValues(column, found, ValueState.whole);
}

function startsWith(whole: Uint8Array, part: Uint8Array): boolean {
  return whole.length >= part.length && Buffer.compare(whole.subarray(0, part.length), part) === 0;
}

function readCommandLine(tid: number, most: number): Uint8Array {
  const fd = openSync(`/proc/${tid}/cmdline`, 'r');
  try {
    const parts: Uint8Array[] = [];
    let total = 0;
    for (let want = Math.min(most, 65_536); want > 0; want = Math.min(most - total, 1024 * 1024)) {
      const part = Buffer.allocUnsafe(want);
      const size = readSync(fd, part, 0, want, null);
      if (size === 0) break;
      parts.push(part.subarray(0, size));
      total += size;
    }
    return Buffer.concat(parts);
  } finally {
    closeSync(fd);
  }
}
