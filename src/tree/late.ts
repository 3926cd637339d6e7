/**
 * Paths and arguments from /proc, for kernels whose walks cannot read them (abilities.ts). A task that has ended
 * since has none: not available, as it is for one that lies in a file system of its own namespace.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import {
  ABSENT_VALUE,
  type BytesColumn,
  type BytesValue,
  columnOf,
  type NumberColumn,
  ValueState,
} from './snapshot.ts';

function linkTarget(path: string): BytesValue {
  try {
    return { state: ValueState.whole, bytes: readlinkSync(path, 'buffer') };
  } catch (error) {
    const tooLong = error instanceof Error && 'code' in error && error.code === 'ENAMETOOLONG';
    return tooLong ? { ...ABSENT_VALUE, state: ValueState.cut } : ABSENT_VALUE;
  }
}

/** Kernel threads and zombies have no program. */
export function programPaths(tid: NumberColumn): BytesColumn {
  return columnOf(Array.from(tid, (one) => linkTarget(`/proc/${one}/exe`)));
}

/** What is open, by the tasks and descriptors of files. */
export function filePaths(tid: NumberColumn, fd: Uint32Array): BytesColumn {
  return columnOf(Array.from(tid, (one, row) => linkTarget(`/proc/${one}/fd/${fd[row]}`)));
}

/** An empty command line is that of a program without arguments, or of what is no program. */
function commandLine(tid: number): BytesValue {
  try {
    const bytes = readFileSync(`/proc/${tid}/cmdline`);
    const program = bytes.length > 0 || linkTarget(`/proc/${tid}/exe`).state !== ValueState.absent;
    return program ? { state: ValueState.whole, bytes } : ABSENT_VALUE;
  } catch {
    return ABSENT_VALUE;
  }
}

export function commandLines(tid: NumberColumn): BytesColumn {
  return columnOf(Array.from(tid, commandLine));
}
