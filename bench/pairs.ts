/**
 * Probes that both bpftrace and a TypeScript kernel program can express, side by side. What is counted, by
 * what, and what reaches user space is the same in both; the maps are the nearest of the same kind.
 */
import {
  chars,
  defineProgram,
  hash,
  i64,
  log2Histogram,
  perCpuArray,
  perCpuHash,
  ringbuf,
  stackTrace,
  struct,
  u32,
  u64,
} from '../src/index.ts';

/** A definition, whatever its maps and probes are. */
interface Loadable {
  load(): Promise<{
    readonly programs: Readonly<Record<string, { readonly id: number }>>;
    close(): void;
  }>;
}

export interface Pair {
  readonly what: string;
  /** Probes in both languages; a pair of probes is compared by the sum of its programs. */
  readonly bpftrace: string;
  readonly ours: Loadable;
}

const Opened = struct('Opened', { pid: u32, comm: chars(16), path: chars(64) });
const Ended = struct('Ended', { pid: u32, comm: chars(16), code: i64 });

export const pairs: readonly Pair[] = [
  {
    what: 'sys_enter_openat: count by comm',
    bpftrace: 'tracepoint:syscalls:sys_enter_openat { @[comm] = count(); }',
    ours: defineProgram({
      maps: { counts: perCpuHash(chars(16), u64) },
      probes: {
        'tracepoint:syscalls:sys_enter_openat'(k) {
          k.counts.increment(k.comm());
        },
      },
    }),
  },
  {
    what: 'sys_enter_openat: pid, comm, filename sent',
    bpftrace:
      'tracepoint:syscalls:sys_enter_openat { printf("%d %s %s\\n", pid, comm, str(args->filename)); }',
    ours: defineProgram({
      maps: { events: ringbuf(Opened) },
      probes: {
        'tracepoint:syscalls:sys_enter_openat'(k) {
          const e = k.events.reserve();
          if (!e) return;
          e.pid = k.pid;
          k.comm(e.comm);
          k.userStr(k.args.filename, e.path);
          e.submit();
        },
      },
    }),
  },
  {
    what: 'sys_exit_read: histogram of what it returned',
    bpftrace: 'tracepoint:syscalls:sys_exit_read { @ = hist(args->ret); }',
    ours: defineProgram({
      maps: { sizes: log2Histogram() },
      probes: {
        'tracepoint:syscalls:sys_exit_read'(k) {
          k.sizes.record(k.args.ret);
        },
      },
    }),
  },
  {
    what: 'raw_syscalls:sys_enter: count by number',
    bpftrace: 'tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }',
    ours: defineProgram({
      maps: { counts: perCpuHash(i64, u64) },
      probes: {
        'tracepoint:raw_syscalls:sys_enter'(k) {
          k.counts.increment(k.args.id);
        },
      },
    }),
  },
  {
    what: 'sched_switch: count by kernel stack',
    bpftrace: 'tracepoint:sched:sched_switch { @[kstack] = count(); }',
    ours: defineProgram({
      maps: { stacks: stackTrace(), counts: perCpuHash(i64, u64) },
      probes: {
        'tracepoint:sched:sched_switch'(k) {
          k.counts.increment(k.kernelStack(k.stacks));
        },
      },
    }),
  },
  {
    what: 'read(2): latency by two probes, histogram by comm',
    bpftrace:
      'tracepoint:syscalls:sys_enter_read { @s[tid] = nsecs; } ' +
      'tracepoint:syscalls:sys_exit_read /@s[tid]/ { @[comm] = hist(nsecs - @s[tid]); delete(@s[tid]); }',
    ours: defineProgram({
      maps: { started: hash(u32, u64), latency: log2Histogram(chars(16)) },
      probes: {
        'tracepoint:syscalls:sys_enter_read'(k) {
          k.started.set(k.tid, k.ktime());
        },
        'tracepoint:syscalls:sys_exit_read'(k) {
          const at = k.started.get(k.tid);
          if (!at) return;
          k.latency.record(k.comm(), k.ktime() - at.value);
          k.started.delete(k.tid);
        },
      },
    }),
  },
  {
    what: 'sys_enter_getppid: count',
    bpftrace: 'tracepoint:syscalls:sys_enter_getppid { @ = count(); }',
    ours: defineProgram({
      maps: { counts: perCpuArray(u64, 1) },
      probes: {
        'tracepoint:syscalls:sys_enter_getppid'(k) {
          k.counts.increment(0);
        },
      },
    }),
  },
  {
    what: 'sched_process_exec: count by comm',
    bpftrace: 'tracepoint:sched:sched_process_exec { @[comm] = count(); }',
    ours: defineProgram({
      maps: { counts: perCpuHash(chars(16), u64) },
      probes: {
        'tracepoint:sched:sched_process_exec'(k) {
          k.counts.increment(k.comm());
        },
      },
    }),
  },
  {
    what: 'sched_switch: count by prev_pid',
    bpftrace: 'tracepoint:sched:sched_switch { @[args->prev_pid] = count(); }',
    ours: defineProgram({
      maps: { counts: perCpuHash(i64, u64) },
      probes: {
        'tracepoint:sched:sched_switch'(k) {
          k.counts.increment(k.args.prev_pid);
        },
      },
    }),
  },
  {
    what: 'block_rq_issue: histogram of bytes',
    bpftrace: 'tracepoint:block:block_rq_issue { @ = hist(args->bytes); }',
    ours: defineProgram({
      maps: { sizes: log2Histogram() },
      probes: {
        'tracepoint:block:block_rq_issue'(k) {
          k.sizes.record(k.args.bytes);
        },
      },
    }),
  },
  {
    what: 'sys_exit_write: sum of bytes by comm',
    bpftrace: 'tracepoint:syscalls:sys_exit_write /args->ret > 0/ { @[comm] = sum(args->ret); }',
    ours: defineProgram({
      maps: { bytes: perCpuHash(chars(16), u64) },
      probes: {
        'tracepoint:syscalls:sys_exit_write'(k) {
          if (k.args.ret > 0) k.bytes.increment(k.comm(), k.args.ret);
        },
      },
    }),
  },
  {
    what: 'sched_process_exit: pid, comm, parent sent',
    bpftrace:
      'tracepoint:sched:sched_process_exit /pid == tid/ { printf("%d %s %d\\n", pid, comm, curtask->real_parent->tgid); }',
    ours: defineProgram({
      maps: { events: ringbuf(Ended) },
      probes: {
        'tracepoint:sched:sched_process_exit'(k) {
          if (k.pid !== k.tid) return;
          const e = k.events.reserve();
          if (!e) return;
          e.pid = k.pid;
          k.comm(e.comm);
          e.code = k.task.real_parent.tgid;
          e.submit();
        },
      },
    }),
  },
  {
    what: 'profile at 99 Hz: count by pid',
    bpftrace: 'profile:hz:99 { @[pid] = count(); }',
    ours: defineProgram({
      maps: { counts: perCpuHash(u64, u64) },
      probes: {
        'profile:hz:99'(k) {
          k.counts.increment(k.pid);
        },
      },
    }),
  },
];
