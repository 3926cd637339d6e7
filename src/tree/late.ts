/**
 * Paths and arguments from /proc, for kernels whose walks cannot read them (abilities.ts). A task that has ended
 * since has none: not available, as it is for one that lies in a file system of its own namespace.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { type BytesColumn, type NumberColumn, ValueState } from './snapshot.ts';

interface Value {
  readonly state: ValueState;
  readonly bytes: Uint8Array;
}

const NONE: Value = { state: ValueState.absent, bytes: new Uint8Array() };

function columnOf(count: number, read: (row: number) => Value): BytesColumn {
  const start = new Uint32Array(count);
  const length = new Uint32Array(count);
  const state = new Uint8Array(count);
  const parts: Uint8Array[] = [];
  let end = 0;
  for (let row = 0; row < count; row++) {
    const value = read(row);
    start[row] = end;
    length[row] = value.bytes.length;
    state[row] = value.state;
    parts.push(value.bytes);
    end += value.bytes.length;
  }
  return { data: Buffer.concat(parts), start, length, state };
}

function linkTarget(path: string): Value {
  try {
    return { state: ValueState.whole, bytes: readlinkSync(path, 'buffer') };
  } catch (error) {
    const tooLong = error instanceof Error && 'code' in error && error.code === 'ENAMETOOLONG';
    return tooLong ? { ...NONE, state: ValueState.cut } : NONE;
  }
}

/** Kernel threads and zombies have no program. */
export function programPaths(tid: NumberColumn): BytesColumn {
  return columnOf(tid.length, (row) => linkTarget(`/proc/${tid[row]}/exe`));
}

/** What is open, by the tasks and descriptors of files. */
export function filePaths(tid: NumberColumn, fd: Uint32Array): BytesColumn {
  return columnOf(tid.length, (row) => linkTarget(`/proc/${tid[row]}/fd/${fd[row]}`));
}

/** An empty command line is that of a program without arguments, or of what is no program. */
export function commandLines(tid: NumberColumn): BytesColumn {
  return columnOf(tid.length, (row) => {
    try {
      const bytes = readFileSync(`/proc/${tid[row]}/cmdline`);
      if (bytes.length === 0 && linkTarget(`/proc/${tid[row]}/exe`).state === ValueState.absent) return NONE;
      return { state: ValueState.whole, bytes };
    } catch {
      return NONE;
    }
  });
}
