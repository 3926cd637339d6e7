/**
 * Tasks that the kernel's walk left out although others name them as their parent, from /proc.
 *
 * Some kernels hide a supervisor's processes from iterators but not from /proc. A tree without its root helps
 * nobody, so the missing parents, and theirs, are read the slow way: a handful of files for each. Numbers in
 * /proc are those of the reader's pid namespace, so this is right in the initial namespace only, and done
 * only there. Processes that are gone by then stay gone.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { LENGTH_ABSENT, recordLayout } from './record.ts';
import type { TaskColumns } from './snapshot.ts';

/** Inode of the initial pid namespace: PROC_PID_INIT_INO of include/linux/proc_ns.h. */
const initialPidNamespace = 0xeffffffc;

/** Records of the processes that are parents in `columns` but not in it, threads included; none as a rule. */
export function missingParents(columns: TaskColumns): Uint8Array {
  const known = new Set(columns.numbers('tid'));
  const wanted = [...new Set(columns.numbers('rptid'))].filter((tid) => tid !== 0 && !known.has(tid));
  if (wanted.length === 0 || !inInitialNamespace()) return new Uint8Array();
  const records: Uint8Array[] = [];
  for (let pid = wanted.pop(); pid !== undefined; pid = wanted.pop()) {
    if (known.has(pid)) continue;
    known.add(pid);
    for (const task of readProcess(pid)) {
      known.add(task.tid);
      records.push(encodeRecord(task));
      if (task.rptid !== 0) wanted.push(task.rptid);
    }
  }
  return Buffer.concat(records);
}

function inInitialNamespace(): boolean {
  try {
    return statSync('/proc/self/ns/pid').ino === initialPidNamespace;
  } catch {
    return false;
  }
}

interface ProcTask {
  readonly [number: string]: number | Uint8Array | undefined;
  readonly tid: number;
  readonly rptid: number;
}

function* readProcess(pid: number): Generator<ProcTask> {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return;
  }
  for (const thread of threads) {
    try {
      yield readTask(pid, Number(thread));
    } catch {
      // It ended while it was read.
    }
  }
}

/** Throws the error of node:fs when the task is gone. */
function readTask(pid: number, tid: number): ProcTask {
  const folder = `/proc/${pid}/task/${tid}`;
  const stat = readFileSync(`${folder}/stat`);
  // The name may hold anything, also `)` and spaces: it ends at the last parenthesis.
  const comm = stat.subarray(stat.indexOf(0x28) + 1, stat.lastIndexOf(0x29));
  const [, parent, group, session] = stat
    .subarray(stat.lastIndexOf(0x29) + 2)
    .toString('latin1')
    .split(' ');
  const status = readFileSync(`${folder}/status`, 'latin1');
  const line = (name: string): string[] =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
  const numbers = line('NSpid').map(Number);
  const login = attempt(() => Number(readFileSync(`${folder}/loginuid`, 'latin1')));
  return {
    tid,
    vtid: numbers[numbers.length - 1] ?? tid,
    // A thread's number finds its process in /proc as well.
    pid: Number(line('Tgid')[0]),
    pgid: Number(group),
    sid: Number(session),
    ptid: Number(parent),
    ppid: Number(parent),
    rptid: Number(parent),
    rppid: Number(parent),
    reaper: 0, // not in /proc
    ns_level: Math.max(0, numbers.length - 1),
    loginuid: login === undefined ? -2 : login === 0xffffffff ? -1 : login,
    euid: Number(line('Uid')[1] ?? -1),
    comm,
    exepath: attempt(() => readlinkSync(`${folder}/exe`, 'buffer')),
    cmdline: attempt(() => present(readFileSync(`${folder}/cmdline`))),
  };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** A kernel thread's command line is empty: it has none. */
function present(bytes: Uint8Array): Uint8Array | undefined {
  return bytes.length > 0 ? bytes : undefined;
}

/** The same record that the kernel's walk writes. */
function encodeRecord(task: ProcTask): Uint8Array {
  const { slots, fixedSize } = recordLayout;
  const head = Buffer.alloc(fixedSize);
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  const tail: Uint8Array[] = [];
  for (const { field, kind, offset } of slots) {
    const value = task[field];
    if (kind === 'length') {
      const bytes = value instanceof Uint8Array ? value : undefined;
      view.setUint32(offset, bytes?.length ?? LENGTH_ABSENT, little);
      if (bytes) tail.push(bytes);
    } else if (kind === 's64') view.setBigInt64(offset, BigInt(Number(value ?? 0)), little);
    else view.setInt32(offset, Number(value ?? 0), little);
  }
  const record = Buffer.concat([head, ...tail]);
  new DataView(record.buffer, record.byteOffset).setUint32(0, record.length, little);
  return record;
}
