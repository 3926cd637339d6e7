/**
 * A fresh process: the kernel's types from nothing to task_struct, in milliseconds; how much larger it got, without
 * the file's own pages, in MB.
 */
import { readFileSync, statSync } from 'node:fs';
import { vmlinux } from 'bpfkit/kernel';

const file = '/sys/kernel/btf/vmlinux';
const kilobytes = (text: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
const resident = (): number => kilobytes(readFileSync('/proc/self/status', 'latin1'), 'VmRSS') * 1024;

/** What of the file is counted as this process's memory: its mapped pages, or the whole of a copy. */
function ownPages(): number {
  const maps = readFileSync('/proc/self/smaps', 'latin1');
  const at = maps.indexOf(file);
  return at < 0 ? statSync(file).size : kilobytes(maps.slice(at), 'Rss') * 1024;
}

const before = resident();
const start = performance.now();
const id = vmlinux().find('task_struct', 'struct');
const milliseconds = performance.now() - start;
const after = resident();
if (id === undefined) throw new Error('no task_struct in the BTF of this kernel');
console.log(JSON.stringify({ id, milliseconds, megabytes: (after - before - ownPages()) / 1e6 }));
