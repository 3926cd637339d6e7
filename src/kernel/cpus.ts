/** CPU numbers as the kernel gives them. Never `os.cpus()`: that is what is online, renumbered. */
import { readFileSync } from 'node:fs';

/** Parses the kernel's list format: `0-3,8,10-11`. Empty text is an empty list. */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = [];
  for (const part of text.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}

/** CPUs that run now: where events can be opened. */
export function onlineCpus(): number[] {
  return parseCpuList(readFileSync('/sys/devices/system/cpu/online', 'latin1'));
}

/** How many values a per-CPU map has: the highest CPU number that may ever come, plus one. */
export function possibleCpus(): number {
  const cpus = parseCpuList(readFileSync('/sys/devices/system/cpu/possible', 'latin1'));
  return Math.max(...cpus) + 1;
}
