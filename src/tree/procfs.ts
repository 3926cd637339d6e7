/**
 * Tasks that the kernel's walk left out although others name them as their parent, from /proc.
 *
 * Some kernels hide a supervisor's processes from iterators but not from /proc. A tree without its root helps
 * nobody, so the missing parents, and theirs, are read the slow way: a handful of files for each. Numbers in
 * /proc are those of the reader's pid namespace, so this is right in the initial namespace only, and done
 * only there. Processes that are gone by then stay gone.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { type RecordLayout, recordLayout } from './record.ts';
import { HOST_IS_LITTLE, LENGTH_ABSENT } from './records.ts';
import type { TaskColumns } from './snapshot.ts';
import { stateBits } from './units.ts';
import { haveBit } from './walk-text.ts';

/** Inode of the initial pid namespace: PROC_PID_INIT_INO of include/linux/proc_ns.h. */
const initialPidNamespace = 0xeffffffc;

/** Records of the processes that are parents in `columns` but not in it, threads included; none as a rule. */
export function missingParents(columns: TaskColumns, layout: RecordLayout = recordLayout): Uint8Array {
  const known = new Set(columns.numbers('tid'));
  const wanted = [...new Set(columns.numbers('rptid'))].filter((tid) => tid !== 0 && !known.has(tid));
  if (wanted.length === 0 || !inInitialNamespace()) return new Uint8Array();
  const records: Uint8Array[] = [];
  for (let pid = wanted.pop(); pid !== undefined; pid = wanted.pop()) {
    if (known.has(pid)) continue;
    known.add(pid);
    for (const task of readProcess(pid)) {
      known.add(task.tid);
      records.push(encodeRecord(task, layout));
      if (task.rptid !== 0) wanted.push(task.rptid);
    }
  }
  return Buffer.concat(records);
}

/** Whether the numbers in /proc are those that the kernel shows: the reader is in the initial pid namespace. */
export function inInitialNamespace(): boolean {
  try {
    return statSync('/proc/self/ns/pid').ino === initialPidNamespace;
  } catch {
    return false;
  }
}

interface ProcTask {
  readonly [number: string]: number | bigint | Uint8Array | undefined;
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
  const rest = stat
    .subarray(stat.lastIndexOf(0x29) + 2)
    .toString('latin1')
    .split(' ');
  const [letter, parent, group, session] = rest;
  const status = readFileSync(`${folder}/status`, 'latin1');
  const line = (name: string): string[] =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
  const numbers = line('NSpid').map(Number);
  const kilobytes = (name: string): bigint | undefined =>
    line(name)[0] === undefined ? undefined : BigInt(line(name)[0]!) * 1024n;
  const namespace = (name: string): number | undefined => attempt(() => statSync(`${folder}/ns/${name}`).ino);
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
    // Start and CPU times are in /proc too, but rounded to hundredths of a second: not available is right.
    state: stateBits(letter!),
    ...{ threads: Number(rest[17]), priority: Number(rest[15]), nice: Number(rest[16]) },
    ...{ rss: kilobytes('VmRSS'), vm_size: kilobytes('VmSize') },
    ...{ uid: Number(line('Uid')[0]), gid: Number(line('Gid')[0]) },
    ...{ pid_ns: namespace('pid'), mnt_ns: namespace('mnt') },
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

/** The same record that the kernel's walk writes; what /proc does not know is absent. */
function encodeRecord(task: ProcTask, { slots, fixedSize, longs }: RecordLayout): Uint8Array {
  const head = Buffer.alloc(fixedSize);
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const tail: Uint8Array[] = [];
  for (const { field, kind, offset } of slots) {
    const value = task[field];
    switch (kind) {
      case 's32':
        view.setInt32(offset, Number(value ?? 0), HOST_IS_LITTLE);
        break;
      case 's64':
        view.setBigInt64(offset, BigInt(Number(value ?? 0)), HOST_IS_LITTLE);
        break;
      case 'long':
        if (typeof value === 'number' || typeof value === 'bigint') {
          view.setBigInt64(offset, BigInt(value), HOST_IS_LITTLE);
        }
        break;
      case 'have':
        view.setUint32(offset, haveWord(task, longs, Number(field)), HOST_IS_LITTLE);
        break;
      case 'length': {
        const bytes = value instanceof Uint8Array ? value : undefined;
        view.setUint32(offset, bytes?.length ?? LENGTH_ABSENT, HOST_IS_LITTLE);
        if (bytes) tail.push(bytes);
      }
    }
  }
  const record = Buffer.concat([head, ...tail]);
  new DataView(record.buffer, record.byteOffset).setUint32(0, record.length, HOST_IS_LITTLE);
  return record;
}

function haveWord(task: ProcTask, longs: RecordLayout['longs'], wanted: number): number {
  let bits = 0;
  for (const [i, { long }] of longs.entries()) {
    const { word, bit } = haveBit(i);
    if (word === wanted && task[long] !== undefined) bits |= bit;
  }
  return bits;
}

/** How many tasks there are, by /proc/loadavg; 0 where it cannot be read. */
export function taskCount(): number {
  try {
    return Number(/\/(\d+) /.exec(readFileSync('/proc/loadavg', 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
