/** Programs whose instructions are kept as text: one for each thing that the compiler is asked to do well. */
import { defineProgram } from '../../src/script/define.ts';
import {
  arrayMap,
  hash,
  linearHistogram,
  log2Histogram,
  perCpuArray,
  queue,
  ringbuf,
  rows,
  stackTrace,
} from '../../src/script/maps.ts';
import { array, bool, chars, i32, struct, u8, u32, u64 } from '../../src/script/schema.ts';

const Event = struct('Event', { pid: u32, code: i32, at: u64, comm: chars(16), path: chars(32) });
const Key = struct('Key', { pid: u32, comm: chars(16) });
const Total = struct('Total', { count: u64, bytes: u64, most: u32 });

/** By the name of the file that holds its text. */
export const programs: Readonly<Record<string, unknown>> = {
  'counts by key': defineProgram({
    maps: { counts: hash(u32, u64) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        k.counts.increment(k.pid);
      },
    },
  }),
  'time between enter and exit': defineProgram({
    maps: { started: hash(u32, u64), times: log2Histogram() },
    probes: {
      'tracepoint:syscalls:sys_enter_read'(k) {
        k.started.set(k.tid, k.ktime());
      },
      'tracepoint:syscalls:sys_exit_read'(k) {
        const at = k.started.get(k.tid);
        if (!at) return;
        k.times.record(k.ktime() - at.value);
        k.started.delete(k.tid);
      },
    },
  }),
  'an event with fields left out': defineProgram({
    maps: { events: ringbuf(Event) },
    probes: {
      'tracepoint:syscalls:sys_exit_openat'(k) {
        if (k.args.ret >= 0) return;
        const e = k.events.reserve();
        if (!e) return;
        e.pid = k.pid;
        if (k.uid === 0) e.code = k.args.ret;
        k.comm(e.comm);
        e.submit();
      },
    },
  }),
  'an event in one statement': defineProgram({
    maps: { events: ringbuf(struct('Small', { pid: u32, uid: u32 })) },
    probes: {
      'tracepoint:syscalls:sys_enter_getppid'(k) {
        k.events.emit({ pid: k.pid, uid: k.uid });
      },
    },
  }),
  'pointers through the task': defineProgram({
    maps: { inodes: hash(u64, u32) },
    probes: {
      'rawtracepoint:sched_process_exit'(k) {
        const file = k.args.p.mm.exe_file;
        if (!file) return;
        k.inodes.set(file.f_inode.i_ino, k.args.p.real_parent.tgid);
      },
    },
  }),
  'user strings in a bounded loop': defineProgram({
    maps: { events: ringbuf(struct('Words', { count: u32, words: array(chars(16), 4) })) },
    probes: {
      'tracepoint:syscalls:sys_enter_execve'(k) {
        const e = k.events.reserve();
        if (!e) return;
        for (let i = 0; i < 4; i++) {
          const word = k.peekUser(k.args.argv + i * 8);
          if (!word) break;
          k.userStr(word, e.words[i]!);
          e.count = i + 1;
        }
        e.submit();
      },
    },
  }),
  'struct keys and values changed in place': defineProgram({
    maps: { totals: hash(Key, Total) },
    probes: {
      'tracepoint:syscalls:sys_enter_read'(k) {
        const total = k.totals.getOrInit({ pid: k.pid, comm: k.comm() }, { count: 0, bytes: 0, most: 0 });
        total.count += 1;
        total.bytes += k.args.count;
        if (k.args.count > total.most) total.most = k.args.count;
      },
    },
  }),
  'a parameter that switches code off': defineProgram({
    params: { verbose: bool(false), least: u64(100) },
    maps: { slots: arrayMap(u64, 4) },
    probes: {
      'tracepoint:syscalls:sys_enter_read'(k) {
        if (k.verbose) k.print('read %d', k.args.count);
        if (k.args.count < k.least) return;
        k.slots.increment(k.cpu & 3);
      },
    },
  }),
  'functions and signed division': defineProgram({
    maps: { slots: perCpuArray(u64, 4) },
    functions: {
      half(_k, value) {
        return value / 2;
      },
    },
    probes: {
      'tracepoint:syscalls:sys_exit_read'(k) {
        k.slots.set(0, k.half(k.args.ret) + k.half(-k.args.ret));
      },
    },
  }),
  'a switch and text': defineProgram({
    maps: { kinds: hash(u8, u64) },
    probes: {
      'tracepoint:syscalls:sys_enter_openat'(k) {
        let kind = 0;
        switch (k.args.flags & 3) {
          case 0:
            kind = 1;
            break;
          case 1:
          case 2:
            kind = 2;
            break;
          default:
            return;
        }
        if (k.comm() === 'cat') kind = 3;
        k.kinds.increment(kind);
      },
    },
  }),
  'a linear histogram and a queue': defineProgram({
    maps: { sizes: linearHistogram({ min: 0, max: 100, step: 10 }), waiting: queue(u32, 16) },
    probes: {
      'tracepoint:syscalls:sys_exit_read'(k) {
        k.sizes.record(k.args.ret);
        k.waiting.push(k.pid);
      },
    },
  }),
  'stacks of samples': defineProgram({
    maps: { stacks: stackTrace(64), samples: hash(i32, u64) },
    probes: {
      'profile:hz:99'(k) {
        k.samples.increment(k.kernelStack(k.stacks));
      },
    },
  }),
  'a walk over tasks': defineProgram({
    maps: { tasks: rows(Key) },
    probes: {
      'iter:task'(k) {
        const { task } = k.item;
        if (!task) return;
        const row = k.tasks.begin();
        row.pid = task.pid;
        row.comm = task.comm;
        k.write(row);
      },
    },
  }),
  'registers of a kprobe': defineProgram({
    maps: { sizes: log2Histogram(u64, 64) },
    probes: {
      'kprobe:vfs_read'(k) {
        k.sizes.record(k.args.file.f_inode.i_ino, k.args.count);
      },
    },
  }),
};
