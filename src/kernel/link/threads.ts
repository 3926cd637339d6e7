/**
 * Performance events of one process.
 *
 * An event belongs to one thread: asked for by the number of a process, the kernel takes its first thread only.
 * So one event is opened for each thread that there is, on all CPUs, and threads that come later inherit it.
 */
import { readdirSync } from 'node:fs';
import { type PerfAttr, PerfFlag } from '../../sys/perf.ts';
import { AttachError, type Attachment } from './errors.ts';
import type { AttachableProgram } from './link.ts';
import { attachToPerfEvent, type PerfAttachment } from './perf-link.ts';

/** Attaches to an event of each thread of a process. Throws AttachError; nothing stays attached then. */
export function attachToThreads(
  program: AttachableProgram,
  what: Attachment,
  attr: PerfAttr,
  pid: number,
  { cookie, descendants = false }: { readonly cookie?: bigint; readonly descendants?: boolean } = {},
): PerfAttachment[] {
  const made: PerfAttachment[] = [];
  const flags = BigInt(attr.flags ?? 0n) | PerfFlag.inherit;
  // Linux 5.13 can leave children that are processes out; before, they are taken along.
  let only: bigint = descendants ? 0n : PerfFlag.inheritThread;
  try {
    for (const tid of threadsOf(pid)) {
      const place = { pid: tid, cpu: -1, ...(cookie === undefined ? {} : { cookie }) };
      try {
        made.push(attachToPerfEvent(program, what, { ...attr, flags: flags | only }, place));
      } catch (error) {
        if (isGone(error) && tid !== pid) continue; // it ended meanwhile
        if (only === 0n || !(error instanceof AttachError) || error.errno !== 'EINVAL') throw error;
        only = 0n;
        made.push(attachToPerfEvent(program, what, { ...attr, flags }, place));
      }
    }
  } catch (error) {
    for (const { descriptor } of made) descriptor.close();
    throw error;
  }
  return made;
}

function isGone(error: unknown): boolean {
  return error instanceof AttachError && error.errno === 'ESRCH';
}

/** The process' own number first: where /proc tells nothing, the kernel is asked for it and says why not. */
function threadsOf(pid: number): readonly number[] {
  try {
    const tids = readdirSync(`/proc/${pid}/task`).map(Number);
    return [pid, ...tids.filter((tid) => tid !== pid)];
  } catch {
    return [pid];
  }
}
