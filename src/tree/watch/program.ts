/**
 * The kernel's side of the live tree: an event for each task that starts, executes a file or ends, and a walk
 * over all tasks that says where in the stream of events it stands.
 *
 * The walk's last call, after the last task, sends an event of its own through the same ring. A ring delivers in
 * the order in which room was reserved, so whatever happened before the walk ended is read before that event: a
 * walk is compared with a model that knows everything up to it, and never with an older one.
 *
 * The events are raw tracepoints (include/trace/events/sched.h): fork is reported by the parent before the child
 * runs, so before anything that the child does; exec when the new program is in place; exit when the status is
 * known. `start_boottime` needs Linux 5.5, the ring 5.8, the walk 5.8.
 */
import { defineProgram, type SourceProgram } from '../../script/define.ts';
import type { EventRing } from '../../script/handles.ts';
import { loadKept } from '../../script/kept.ts';
import { ringbuf, rows } from '../../script/maps.ts';
import { bool, chars, i32, struct, u32, u64 } from '../../script/schema.ts';
import type { TaskEvent, TaskFacts, Walk } from './event.ts';
import { hiddenTasks } from './hidden.ts';

const Event = struct('WatchEvent', {
  kind: u32, // 1 fork, 2 exec, 3 exit, 4 the end of a walk
  tid: i32,
  pid: i32,
  vtid: i32,
  nsLevel: i32,
  rptid: i32,
  rppid: i32,
  euid: i32,
  reaper: bool,
  processEnded: bool,
  oldTid: i32,
  status: u32,
  time: u64,
  start: u64,
  runTime: u64,
  cpuTime: u64,
  comm: chars(16),
});

const Walked = struct('WatchedTask', {
  tid: i32,
  pid: i32,
  vtid: i32,
  nsLevel: i32,
  rptid: i32,
  rppid: i32,
  euid: i32,
  reaper: bool,
  zombie: bool,
  start: u64,
  comm: chars(16),
});

/** Room for some forty thousand events. */
const RING_BYTES = 4 << 20;

export const watchProgram = (ringBytes: number): SourceProgram =>
  defineProgram({
    maps: { events: ringbuf(Event, ringBytes), tasks: rows(Walked) },
    functions: {
      /** A task at `address` that has just been made, or executes another file. */
      began(k, kind, address, oldTid) {
        const task = k.cast(address, 'task_struct');
        const e = k.events.reserve();
        if (!e) return;
        e.kind = kind;
        e.time = k.ktime();
        e.tid = task.pid;
        e.pid = task.tgid;
        const level = task.thread_pid.level;
        e.nsLevel = level;
        e.vtid = task.thread_pid.numbers[level].nr;
        e.rptid = task.real_parent.pid;
        e.rppid = task.real_parent.tgid;
        e.euid = k.i32(task.cred.euid.val);
        e.reaper = task.signal.is_child_subreaper !== 0;
        e.start = task.start_boottime;
        e.oldTid = oldTid;
        k.str(task.comm, e.comm);
        e.submit();
      },
    },
    probes: {
      'rawtracepoint:sched_process_fork'(k) {
        k.began(1, k.addressOf(k.args.child), 0);
      },

      'rawtracepoint:sched_process_exec'(k) {
        k.began(2, k.addressOf(k.args.p), k.args.old_pid);
      },

      'rawtracepoint:sched_process_exit'(k) {
        const task = k.args.p;
        const e = k.events.reserve();
        if (!e) return;
        e.kind = 3;
        e.time = k.ktime();
        e.tid = task.pid;
        e.pid = task.tgid;
        const level = task.thread_pid.level;
        e.nsLevel = level;
        e.vtid = task.thread_pid.numbers[level].nr;
        e.rptid = task.real_parent.pid;
        e.rppid = task.real_parent.tgid;
        e.euid = k.i32(task.cred.euid.val);
        const signal = task.signal;
        e.reaper = signal.is_child_subreaper !== 0;
        e.start = task.start_boottime;
        const leader = task.group_leader;
        // Two threads that end at once may both find nobody left: the reader counts the process once.
        e.processEnded = signal.live.counter === 0;
        // As wait_task_zombie of kernel/exit.c: SIGNAL_GROUP_EXIT is 4.
        e.status = k.u32(leader.exit_code);
        if (signal.flags & 4) e.status = k.u32(signal.group_exit_code);
        e.runTime = k.bootTime() - leader.start_boottime;
        let cpu = signal.sum_sched_runtime + task.se.sum_exec_runtime;
        if (leader.pid !== task.pid) cpu = cpu + leader.se.sum_exec_runtime;
        e.cpuTime = cpu;
        k.str(task.comm, e.comm);
        e.submit();
      },

      'iter:task'(k) {
        const task = k.item.task;
        if (!task) {
          const e = k.events.reserve();
          if (!e) return;
          e.kind = 4;
          e.time = k.ktime();
          e.submit();
          return;
        }
        const row = k.tasks.begin();
        row.tid = task.pid;
        row.pid = task.tgid;
        const ids = task.thread_pid;
        if (ids) {
          const level = ids.level;
          row.nsLevel = level;
          row.vtid = ids.numbers[level].nr;
        }
        row.rptid = task.real_parent.pid;
        row.rppid = task.real_parent.tgid;
        row.euid = k.i32(task.cred.euid.val);
        row.reaper = task.signal.is_child_subreaper !== 0;
        row.zombie = task.exit_state !== 0;
        row.start = task.start_boottime;
        k.str(task.comm, row.comm);
        k.write(row);
      },
    },
  }) as unknown as SourceProgram;

interface RawEvent extends TaskFacts {
  readonly kind: number;
  readonly time: bigint;
  readonly oldTid: number;
  readonly processEnded: boolean;
  readonly status: number;
  readonly runTime: bigint;
  readonly cpuTime: bigint;
}

interface RawWalked extends TaskFacts {
  readonly zombie: boolean;
}

/** The members of a record that describe its task. */
function factsOf({ tid, pid, vtid, nsLevel, rptid, rppid, euid, reaper, start, comm }: TaskFacts): TaskFacts {
  return { tid, pid, vtid, nsLevel, rptid, rppid, euid, reaper, start, comm };
}

function eventOf(raw: RawEvent): TaskEvent {
  const facts = factsOf(raw);
  if (raw.kind === 1) return { ...facts, kind: 'fork', time: raw.time };
  if (raw.kind === 2) return { ...facts, kind: 'exec', time: raw.time, oldTid: raw.oldTid };
  const { time, processEnded, status, runTime, cpuTime } = raw;
  return { ...facts, kind: 'exit', time, processEnded, status, runTime, cpuTime };
}

/** What a reader of the stream gets, in the kernel's order. */
export type WatchItem = TaskEvent | { readonly kind: 'walk'; readonly walk: Walk };

/** A loaded watch. `close` takes everything out of the kernel and ends `batches`. */
export interface Watch {
  /** Events that found no room in the ring so far. */
  readonly lost: bigint;
  /** Walks over all tasks now; the walk comes through `batches`, in its place. A later one replaces it. */
  walk(): void;
  batches(): AsyncIterable<WatchItem[]>;
  close(): void;
}

/**
 * Starts to watch. Linux 5.8. Throws what loading a kernel program throws.
 *
 * @param ringBytes room for events that were not read yet: a power of two; default 4 MiB.
 */
export function openWatch(ringBytes: number = RING_BYTES): Watch {
  const loaded = loadKept('watch', watchProgram(ringBytes), {}, { keep: ringBytes === RING_BYTES });
  const ring = loaded.handles.get('events') as EventRing;
  const tasks = loaded.handles.get('tasks') as Iterable<RawWalked>;
  let pending: Walk | undefined;
  return {
    get lost() {
      return ring.lost;
    },
    walk() {
      const began = process.hrtime.bigint();
      // Written by a kernel that has a marker in the ring by now: what it is matched with must be there first.
      const found = [...tasks].map((raw) => ({ ...factsOf(raw), zombie: raw.zombie }));
      pending = { began, tasks: [...found, ...hiddenTasks(found)] };
    },
    async *batches() {
      for await (const batch of ring.batches() as AsyncIterable<RawEvent[]>) {
        const items: WatchItem[] = [];
        for (const raw of batch) {
          if (raw.kind !== 4) items.push(eventOf(raw));
          else if (pending !== undefined && raw.time >= pending.began) {
            items.push({ kind: 'walk', walk: pending });
            pending = undefined;
          }
        }
        if (items.length > 0) yield items;
      }
    },
    close() {
      loaded.close();
    },
  };
}
