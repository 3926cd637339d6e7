/**
 * The types of a program, tested as types: this file is compiled by `npm run check` and never run.
 *
 * `same` compares exactly; `@ts-expect-error` fails where there is no error. What the errors say is tested
 * by editor.test.ts.
 */
import { KernelString } from '../../text/kernel-string.ts';
import {
  arrayMap,
  hash,
  linearHistogram,
  log2Histogram,
  lpmTrie,
  perCpuArray,
  perCpuHash,
  queue,
  ringbuf,
  rows,
  stackTrace,
} from '../maps.ts';
import { array, bool, bytes, chars, i32, type KernelArray, struct, u8, u32, u64 } from '../schema.ts';
import type { DefineProgram } from './define.ts';
import type { sched_switch } from './events/system.ts';
import type { Ref } from './handles.ts';
import type { UnknownFields } from './kernel.ts';
import type { Bucket, LoadedIterator, LoadedProbe, LoadedRing } from './loaded.ts';
import type { file, path, request } from './structs/files.ts';
import type { sock } from './structs/network.ts';
import type { mm_struct, task_struct } from './structs/process.ts';

declare const defineProgram: DefineProgram;
declare const library: string;

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [expected: B, found: A];
declare function same<A, B>(...difference: Same<A, B>): void;

const Exit = struct('Exit', {
  pid: u32,
  code: i32,
  duration: u64,
  comm: chars(16),
  address: bytes(16),
  recent: array(u64, 4),
  fatal: bool,
});

/** The fields of Exit inside the kernel. */
interface KernelExit {
  pid: number;
  code: number;
  duration: number;
  comm: string;
  address: Uint8Array;
  recent: KernelArray<number>;
  fatal: boolean;
}

/** The fields of Exit in user space. */
interface UserExit {
  pid: number;
  code: number;
  duration: bigint;
  comm: KernelString;
  address: Uint8Array;
  recent: bigint[];
  fatal: boolean;
}

type Plain<T> = { [N in keyof T]: T[N] };

const everyMap = defineProgram({
  params: { least: u64(0), level: u8(1), loud: bool(false) },
  maps: {
    started: hash(u32, u64),
    byName: hash(chars(16), Exit),
    routes: lpmTrie(struct('Route', { prefixlen: u32, address: u32 }), u32),
    flags: hash(u32, bool),
    slots: arrayMap(Exit, 4),
    perCpu: perCpuHash(u32, u64),
    perCpuStructs: perCpuArray(Exit, 1),
    sums: perCpuArray(u32, 1),
    jobs: queue(u64, 16),
    records: queue(Exit, 16),
    events: ringbuf(Exit),
    exits: rows(Exit),
    latency: log2Histogram(),
    latencyBy: log2Histogram(chars(16)),
    sizes: linearHistogram({ min: 0, max: 100, step: 10 }),
    stacks: stackTrace(),
  },
  functions: {
    isRoot(k, uid) {
      same<typeof uid, number>();
      same<typeof k.least, number>();
      same<typeof k.loud, boolean>();
      k.started.delete(k.pid);
      // @ts-expect-error: functions belong to no probe
      k.args;
      return uid === 0;
    },
    sum(_k, a: number, b: number) {
      return a + b;
    },
    forget(k) {
      k.started.delete(k.pid);
    },
    // @ts-expect-error: a function takes numbers
    named(_k, name: string) {
      return name === 'x';
    },
  },
  probes: {
    'tracepoint:sched:sched_process_exit'(k) {
      same<typeof k.args.comm, string>();
      same<typeof k.args.prio, number>();
      same<typeof k.least, number>();
      same<typeof k.level, number>();
      same<typeof k.loud, boolean>();
      same<ReturnType<typeof k.isRoot>, boolean>();
      same<Parameters<typeof k.sum>, [a: number, b: number]>();
      same<ReturnType<typeof k.sum>, number>();
      k.forget();
      // @ts-expect-error: parameters are constants
      k.least = 1;
      // @ts-expect-error: a number
      k.isRoot('root');
      // @ts-expect-error: two numbers
      k.sum(1);

      const at = k.started.get(k.pid);
      same<typeof at, Ref<number> | undefined>();
      // @ts-expect-error: it may be missing
      at.value;
      if (at) at.value += 1;
      // @ts-expect-error: the key is a number
      k.started.get('1');
      // @ts-expect-error: the value is a number
      k.started.set(1, true);
      k.started.set(k.pid, k.ktime(), 'new');
      // @ts-expect-error: no such mode
      k.started.set(1, 2, 'never');
      same<ReturnType<typeof k.started.delete>, number>();
      same<ReturnType<typeof k.started.has>, boolean>();
      k.started.increment(k.pid, 3);
      same<ReturnType<typeof k.started.getOrInit>, Ref<number>>();

      const named = k.byName.get(k.comm());
      if (named) {
        same<Plain<typeof named>, KernelExit>();
        named.duration += 1;
        named.recent[0] = k.ktime();
        named.address[0] = 1;
        k.comm(named.comm);
        // @ts-expect-error: no such field
        named.durations;
        // @ts-expect-error: a number
        named.duration = 'x';
        // @ts-expect-error: a number, not a truth value
        named.duration = k.pid === 1;
      }
      // @ts-expect-error: structs are not counters
      k.byName.increment('x');
      // @ts-expect-error: fields are missing
      k.byName.set('x', { pid: 1 });
      k.routes.get({ prefixlen: 32, address: 1 });
      // @ts-expect-error: no such field
      k.routes.get({ prefixlen: 32, adress: 1 });
      same<ReturnType<typeof k.flags.get>, Ref<boolean> | undefined>();
      same<Plain<NonNullable<ReturnType<typeof k.slots.get>>>, KernelExit>();
      // @ts-expect-error: elements of arrays stay
      k.slots.delete(1);
      k.perCpu.increment(1);
      k.sums.increment(0);

      k.jobs.push(1);
      same<ReturnType<typeof k.jobs.pop>, Ref<number> | undefined>();
      same<Plain<NonNullable<ReturnType<typeof k.records.peek>>>, KernelExit>();

      const e = k.events.reserve();
      // @ts-expect-error: the ring may be full
      e.pid;
      if (!e) return;
      e.pid = k.task.real_parent.tgid;
      e.fatal = e.code !== 0;
      e.submit();
      same<ReturnType<typeof k.events.emit>, boolean>();
      // @ts-expect-error: ring buffers have no keys
      k.events.get(1);

      same<Plain<ReturnType<typeof k.exits.begin>>, KernelExit>();
      k.latency.record(5);
      k.latencyBy.record(k.comm(), 5);
      k.sizes.record(5);
      // @ts-expect-error: this histogram has keys
      k.latencyBy.record(5);
      // @ts-expect-error: this one has none
      k.latency.record('x', 5);
      same<ReturnType<typeof k.kernelStack>, number>();
      k.kernelStack(k.stacks);
      k.userStack(k.stacks, 2);
      // @ts-expect-error: not a stack map
      k.kernelStack(k.started);
    },
  },
});

const builtins = defineProgram({
  probes: {
    'interval:s:1'(k) {
      same<typeof k.task, task_struct>();
      same<typeof k.task.mm, mm_struct>();
      same<typeof k.task.comm, string>();
      same<typeof k.task.start_boottime, number>();
      if (k.task.comm === 'bash') return;
      // @ts-expect-error: text is not a number
      if (k.task.comm === 1) return;
      // @ts-expect-error: no such field
      k.task.parnet;
      // @ts-expect-error: kernel structs are read only
      k.task.pid = 1;
      // @ts-expect-error: not a property
      k.pid = 1;
      for (const i of k.range(2, 8)) same<typeof i, number>();
      same<ReturnType<typeof k.comm>, void>();
      const text: string = k.str(k.task.cgroups.dfl_cgrp.kn.name);
      k.userStr(k.task.mm.arg_start, text);
      same<typeof inode.i_ino, number>();
      const inode = k.cast(k.addressOf(k.task.mm.exe_file), 'file').f_inode;
      // @ts-expect-error: no such struct
      k.cast(1, 'flie');
      k.const(0xffffffff81000000n);
      // @ts-expect-error: a bigint
      k.const(1);
      k.print('%d %d', 1, 2);
      // @ts-expect-error: three numbers at most
      k.print('%d %d %d %d', 1, 2, 3, 4);
      // @ts-expect-error: intervals interrupt nothing
      k.ip;
      // @ts-expect-error: no map of this name
      k.started;
    },
  },
});

const probes = defineProgram({
  probes: {
    'tracepoint:sched:sched_switch'(k) {
      same<typeof k.args, sched_switch>();
      same<typeof k.args.prev_state, number>();
      // @ts-expect-error: no such field
      k.args.prev_stat;
      // @ts-expect-error: only functions have results
      k.ret;
    },
    'tracepoint:syscalls:sys_enter_openat'(k) {
      same<keyof typeof k.args, 'dfd' | 'filename' | 'flags' | 'mode'>();
      k.userStr(k.args.filename);
      // @ts-expect-error: no such argument
      k.args.path;
    },
    'tracepoint:syscalls:sys_exit_openat'(k) {
      same<typeof k.args.ret, number>();
      // @ts-expect-error: only the result
      k.args.filename;
    },
    'tracepoint:syscalls:sys_exit_something_new'(k) {
      same<typeof k.args.ret, number>();
    },
    'tracepoint:kvm:kvm_exit'(k) {
      same<typeof k.args, UnknownFields>();
      same<typeof k.args.exit_reason, number>();
    },
    'rawtracepoint:sched_switch'(k) {
      same<typeof k.args.prev, task_struct>();
      same<typeof k.args.next.comm, string>();
      same<typeof k.args.preempt, boolean>();
      // @ts-expect-error: that is the tracepoint
      k.args.next_pid;
    },
    'rawtracepoint:block_rq_issue'(k) {
      same<typeof k.args.rq, request>();
    },
    'rawtracepoint:kvm_exit'(k) {
      same<typeof k.args, UnknownFields>();
    },
    'kprobe:vfs_read'(k) {
      same<typeof k.args.file, file>();
      same<typeof k.args.count, number>();
      same<ReturnType<typeof k.arg>, number>();
      same<typeof k.ip, number>();
      // @ts-expect-error: no such parameter
      k.args.size;
      // @ts-expect-error: not here
      k.path(k.args.file.f_path, '');
    },
    'kprobe:some_function+0x10'(k) {
      same<typeof k.args, UnknownFields>();
    },
    'kretprobe:do_filp_open'(k) {
      same<typeof k.ret, file>();
      // @ts-expect-error: gone at the return
      k.args;
    },
    'fentry:tcp_connect'(k) {
      same<typeof k.args.sk, sock>();
      // @ts-expect-error: not returned yet
      k.ret;
    },
    'fexit:vfs_open'(k) {
      same<typeof k.ret, number>();
      same<typeof k.args.path, path>();
      same<ReturnType<typeof k.path>, number>();
    },
    'uprobe:/bin/bash:readline'(k) {
      same<ReturnType<typeof k.arg>, number>();
      // @ts-expect-error: user functions have no named arguments
      k.args;
    },
    'uretprobe:/bin/bash:readline'(k) {
      same<typeof k.ret, number>();
      // @ts-expect-error: gone at the return
      k.arg(0);
    },
    'profile:hz:99'(k) {
      same<typeof k.ip, number>();
    },
    'software:page-faults:1'(k) {
      same<typeof k.ip, number>();
    },
    'hardware:cpu-cycles'(k) {
      same<typeof k.ip, number>();
    },
    'iter:task'(k) {
      same<typeof k.item.task, task_struct | undefined>();
      same<typeof k.sequence, number>();
      // @ts-expect-error: the last call has no task
      k.item.task.pid;
      const { task } = k.item;
      const line = k.buffer(256);
      if (task) k.readTask(task, task.mm.arg_start, line);
      k.write(line, 100);
    },
    'iter:task_file'(k) {
      same<keyof typeof k.item, 'task' | 'fd' | 'file'>();
      same<typeof k.item.file, file | undefined>();
      const { file: open } = k.item;
      if (open) k.path(open.f_path, '');
    },
    'iter:something_new'(k) {
      same<typeof k.item.thing, number>();
    },
  },
});

const computed = defineProgram({
  maps: { lines: ringbuf(struct('Line', { text: chars(80) })) },
  probes: {
    [`uprobe:${library}:readline` as const](k) {
      same<ReturnType<typeof k.arg>, number>();
      k.lines.reserve()?.submit();
      // @ts-expect-error: user functions have no named arguments
      k.args;
    },
    [`uretprobe:${library}:readline` as const](k) {
      same<typeof k.ret, number>();
      // @ts-expect-error: gone at the return
      k.arg(0);
    },
    [`profile:hz:${Number(library)}` as const](k) {
      same<typeof k.ip, number>();
    },
    // The other probes keep their exact types.
    'tracepoint:sched:sched_switch'(k) {
      same<typeof k.args.next_comm, string>();
      // @ts-expect-error: no such field
      k.args.prev_stat;
    },
  },
});

const fixed = '/bin/bash';
const constantName = defineProgram({
  probes: {
    [`uprobe:${fixed}:readline`](k) {
      same<ReturnType<typeof k.arg>, number>();
      // @ts-expect-error: not a return
      k.ret;
    },
  },
});

export function misnamed(): void {
  // @ts-expect-error: a misspelt kind
  defineProgram({ probes: { 'tracepont:sched:sched_switch'() {} } });
  // @ts-expect-error: no category
  defineProgram({ probes: { 'tracepoint:sched_switch'() {} } });
  // @ts-expect-error: no symbol
  defineProgram({ probes: { 'uprobe:readline'() {} } });
  // @ts-expect-error: no unit
  defineProgram({ probes: { 'interval:1'() {} } });
  // @ts-expect-error: no such event
  defineProgram({ probes: { 'software:page-fault:1'() {} } });
  // @ts-expect-error: built in
  defineProgram({ maps: { task: hash(u32, u32) }, probes: {} });
  // @ts-expect-error: built in, in some probes
  defineProgram({ params: { args: u32(0) }, probes: {} });
  // @ts-expect-error: built in
  defineProgram({ functions: { min: () => 0 }, probes: {} });
  // @ts-expect-error: a part of the loaded program
  defineProgram({ maps: { close: hash(u32, u32) }, probes: {} });
  // @ts-expect-error: a parameter has this name
  defineProgram({ params: { a: u32(0) }, maps: { a: hash(u32, u32) }, probes: {} });
  // @ts-expect-error: a map has this name
  defineProgram({ maps: { a: hash(u32, u32) }, functions: { a: () => 0 }, probes: {} });
  // @ts-expect-error: no maps but declared ones
  defineProgram({ maps: { a: 1 }, probes: {} });
  // @ts-expect-error: probes are needed
  defineProgram({});
}

export async function loadedMaps(): Promise<void> {
  await using loaded = await everyMap.load({ params: { least: 1_000_000n, level: 2, loud: true } });
  await everyMap.load({ params: { least: 5 }, probes: ['tracepoint:sched:sched_process_exit'] });
  // @ts-expect-error: no such probe in this program
  await everyMap.load({ probes: ['tracepoint:sched:sched_switch'] });
  // @ts-expect-error: no such parameter
  await everyMap.load({ params: { leats: 5 } });
  // @ts-expect-error: a truth value
  await everyMap.load({ params: { loud: 1 } });

  same<ReturnType<typeof loaded.started.get>, bigint | undefined>();
  loaded.started.set(1, 2n);
  loaded.started.set(1, 2);
  // @ts-expect-error: the key is a number
  loaded.started.get('1');
  for (const [key, value] of loaded.started.entries()) {
    same<typeof key, number>();
    same<typeof value, bigint>();
  }
  const exit = loaded.byName.get('bash');
  if (exit) same<Plain<typeof exit>, UserExit>();
  loaded.byName.get(KernelString.from(new Uint8Array(4)));
  // @ts-expect-error: fields are missing
  loaded.byName.set('bash', { pid: 1 });
  same<ReturnType<typeof loaded.flags.get>, boolean | undefined>();
  same<ReturnType<typeof loaded.perCpu.get>, bigint[] | undefined>();
  same<ReturnType<typeof loaded.perCpu.sum>, bigint | undefined>();
  same<ReturnType<typeof loaded.sums.sum>, number | undefined>();
  // @ts-expect-error: structs have no sum
  loaded.perCpuStructs.sum(0);
  same<ReturnType<typeof loaded.jobs.pop>, bigint | undefined>();
  same<ReturnType<typeof loaded.latency.read>, Bucket[]>();
  same<ReturnType<typeof loaded.latencyBy.read>, Map<KernelString, Bucket[]>>();
  same<ReturnType<typeof loaded.stacks.get>, bigint[] | undefined>();
  same<typeof loaded.events.lost, bigint>();
  for (const exit of loaded.exits) same<Plain<typeof exit>, UserExit>();
  const events: LoadedRing<UserExit> = loaded.events;
  for await (const event of events) same<typeof event.duration, bigint>();
  for await (const batch of loaded.events.batches()) same<(typeof batch)[0]['comm'], KernelString>();

  same<
    keyof ReturnType<typeof loaded.lost>,
    'started' | 'byName' | 'routes' | 'flags' | 'perCpu' | 'jobs' | 'records' | 'events' | 'latencyBy'
  >();
  same<keyof typeof loaded.programs, 'tracepoint:sched:sched_process_exit'>();
  // @ts-expect-error: maps are not replaced
  loaded.started = loaded.perCpu;
  loaded.close();

  using others = await probes.load();
  same<(typeof others.programs)['iter:task'], LoadedIterator>();
  same<(typeof others.programs)['iter:task_file'], LoadedIterator>();
  same<(typeof others.programs)['profile:hz:99'], LoadedProbe>();
}

export const checked: readonly unknown[] = [everyMap, builtins, probes, computed, constantName];
