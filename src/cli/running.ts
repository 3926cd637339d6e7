/** The processes of this machine, quick and without privilege: for completion only. */
import { readdirSync, readFileSync } from 'node:fs';
import { exactText } from '../text/escape.ts';
import type { RunningTask } from './complete.ts';

/** From /proc; processes that end meanwhile are left out, names that are not UTF-8 are empty. */
export function runningTasks(): RunningTask[] {
  const found: RunningTask[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const comm = readFileSync(`/proc/${entry}/comm`);
      found.push({ pid: Number(entry), comm: exactText(comm.subarray(0, -1)) ?? '' });
    } catch {
      // It ended between the two reads.
    }
  }
  return found;
}
