/**
 * Kernel structs, built in so that nothing needs generating to start: processes, memory, namespaces and cgroups.
 *
 * Only the fields that people use, as Linux 6.18 has them; those that 6.1 or 6.12 lack say so.
 * `bpfkit types` writes all of them for the running kernel.
 */
import type { KernelArray } from '../../schema.ts';
import type { Address, i16, i32, i64, u8, u16, u32, u64 } from '../scalars.ts';
import type { file, files_struct, path } from './files.ts';
import type { net } from './network.ts';

/** A user id inside the kernel: `k.task.cred.uid.val`. */
export interface kuid_t {
  readonly val: u32;
}

/** A group id inside the kernel. */
export interface kgid_t {
  readonly val: u32;
}

export interface atomic_t {
  readonly counter: i32;
}

export interface refcount_t {
  readonly refs: atomic_t;
}

/** Capabilities as bits, `1 << CAP_SYS_ADMIN` (21) and so on. Since 6.3 one 64-bit value, before that two of 32 bits in `cap`. */
export interface kernel_cap_t {
  readonly val: u64;
}

/** Links a struct into a list; `k.cast` turns an address in the list into its struct. */
export interface list_head {
  readonly next: list_head;
  readonly prev: list_head;
}

/** One thread; the thread whose pid equals its tgid is the process's leader. include/linux/sched.h */
export interface task_struct {
  /** Thread id in the first PID namespace. */
  readonly pid: i32;
  /** Process id in the first PID namespace. */
  readonly tgid: i32;
  /** At most 15 bytes: the name of the thread, which it can set itself. */
  readonly comm: string;
  /** The thread that stands for the process. */
  readonly group_leader: task_struct;
  /** Who forked it, or who adopted it. */
  readonly real_parent: task_struct;
  /** Who gets SIGCHLD: the debugger while it is traced. */
  readonly parent: task_struct;
  /** First link of its children's `sibling`. */
  readonly children: list_head;
  readonly sibling: list_head;
  /** Its memory; absent for kernel threads. */
  readonly mm: mm_struct;
  readonly active_mm: mm_struct;
  /** Credentials in effect. */
  readonly cred: cred;
  /** Credentials that others judge it by. */
  readonly real_cred: cred;
  readonly ptracer_cred: cred;
  /** What the threads of the process share: statistics, terminal, limits. */
  readonly signal: signal_struct;
  readonly sighand: sighand_struct;
  /** Open files. */
  readonly files: files_struct;
  /** Root and current directory. */
  readonly fs: fs_struct;
  /** Namespaces; absent once it is a zombie. */
  readonly nsproxy: nsproxy;
  /** Its pid in every PID namespace. */
  readonly thread_pid: pid;
  readonly cgroups: css_set;
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly start_time: u64;
  /** Nanoseconds of CLOCK_BOOTTIME (Linux 5.5). */
  readonly start_boottime: u64;
  /** Wait status: `(exit_code >> 8) & 0xff` is the status, the low 7 bits the signal. */
  readonly exit_code: i32;
  readonly exit_state: i32;
  readonly exit_signal: i32;
  /** `PF_*` bits: 0x4 is exiting, 0x200000 a kernel thread. */
  readonly flags: u32;
  /** 0 running, 1 sleeping, 2 waiting for a device (Linux 5.14; called state before). */
  readonly __state: u32;
  readonly on_cpu: i32;
  readonly on_rq: i32;
  /** 0 to 99 real time, 120 is nice 0. */
  readonly prio: i32;
  readonly static_prio: i32;
  readonly normal_prio: i32;
  readonly rt_priority: u32;
  /** 0 normal, 1 FIFO, 2 round robin, 3 batch, 5 idle, 6 deadline. */
  readonly policy: u32;
  readonly nr_cpus_allowed: i32;
  readonly recent_used_cpu: i32;
  readonly wake_cpu: i32;
  readonly se: sched_entity;
  readonly sched_info: sched_info;
  readonly sched_task_group: task_group;
  /** Nanoseconds in user space, of this thread. */
  readonly utime: u64;
  /** Nanoseconds in the kernel, of this thread. */
  readonly stime: u64;
  readonly gtime: u64;
  /** Times it gave up the CPU. */
  readonly nvcsw: u64;
  /** Times the CPU was taken from it. */
  readonly nivcsw: u64;
  readonly min_flt: u64;
  readonly maj_flt: u64;
  readonly ptrace: u32;
  readonly jobctl: u64;
  readonly personality: u32;
  readonly pdeath_signal: i32;
  readonly in_execve: u32;
  readonly in_iowait: u32;
  readonly atomic_flags: u64;
  /** Who logged in (audit); 4294967295 if nobody. */
  readonly loginuid: kuid_t;
  readonly sessionid: u32;
  readonly parent_exec_id: u64;
  readonly self_exec_id: u64;
  readonly ioac: task_io_accounting;
  readonly thread_info: thread_info;
  readonly stack: Address;
  readonly usage: refcount_t;
  readonly last_switch_count: u64;
  readonly last_switch_time: u64;
  readonly timer_slack_ns: u64;
  readonly nr_dirtied: i32;
  readonly psi_flags: u32;
  readonly security: Address;
}

export interface thread_info {
  readonly flags: u64;
  readonly cpu: u32;
  readonly status: u32;
}

export interface sched_entity {
  readonly vruntime: u64;
  /** Nanoseconds on a CPU. */
  readonly sum_exec_runtime: u64;
  readonly prev_sum_exec_runtime: u64;
  readonly exec_start: u64;
  readonly nr_migrations: u64;
  readonly on_rq: u8;
  readonly depth: i32;
}

export interface sched_info {
  readonly pcount: u64;
  /** Nanoseconds spent waiting for a CPU. */
  readonly run_delay: u64;
  readonly last_arrival: u64;
  readonly last_queued: u64;
}

export interface task_group {
  readonly css: cgroup_subsys_state;
  readonly shares: u64;
  readonly parent: task_group;
}

/** Bytes and calls of one thread or process; /proc/PID/io. */
export interface task_io_accounting {
  readonly rchar: u64;
  readonly wchar: u64;
  readonly syscr: u64;
  readonly syscw: u64;
  readonly read_bytes: u64;
  readonly write_bytes: u64;
  readonly cancelled_write_bytes: u64;
}

/** The memory of a process. include/linux/mm_types.h */
export interface mm_struct {
  /** First byte of the arguments, in the process's memory: read with `k.readUser`. */
  readonly arg_start: u64;
  readonly arg_end: u64;
  readonly env_start: u64;
  readonly env_end: u64;
  /** The program file. */
  readonly exe_file: file;
  readonly owner: task_struct;
  readonly start_code: u64;
  readonly end_code: u64;
  readonly start_data: u64;
  readonly end_data: u64;
  readonly start_brk: u64;
  readonly brk: u64;
  readonly start_stack: u64;
  readonly mmap_base: u64;
  readonly task_size: u64;
  /** Pages. */
  readonly total_vm: u64;
  readonly locked_vm: u64;
  readonly data_vm: u64;
  readonly exec_vm: u64;
  readonly stack_vm: u64;
  readonly hiwater_rss: u64;
  readonly hiwater_vm: u64;
  readonly map_count: i32;
  readonly mm_users: atomic_t;
  readonly mm_count: atomic_t;
  readonly pgtables_bytes: atomic_long_t;
  /** Pages by kind: 0 files, 1 anonymous, 2 swap entries, 3 shared memory (Linux 6.2; another shape before). */
  readonly rss_stat: KernelArray<percpu_counter>;
  readonly user_ns: user_namespace;
  readonly def_flags: u64;
}

export interface atomic_long_t {
  readonly counter: i64;
}

/** Exact to within a few pages a CPU. */
export interface percpu_counter {
  readonly count: i64;
}

/** One mapping of a process. */
export interface vm_area_struct {
  readonly vm_start: u64;
  readonly vm_end: u64;
  readonly vm_mm: mm_struct;
  /** Bits: 1 read, 2 write, 4 execute, 8 shared. */
  readonly vm_flags: u64;
  readonly vm_pgoff: u64;
  readonly vm_file: file;
}

/** Credentials. include/linux/cred.h */
export interface cred {
  readonly uid: kuid_t;
  readonly gid: kgid_t;
  readonly suid: kuid_t;
  readonly sgid: kgid_t;
  readonly euid: kuid_t;
  readonly egid: kgid_t;
  readonly fsuid: kuid_t;
  readonly fsgid: kgid_t;
  readonly securebits: u32;
  readonly cap_inheritable: kernel_cap_t;
  readonly cap_permitted: kernel_cap_t;
  readonly cap_effective: kernel_cap_t;
  readonly cap_bset: kernel_cap_t;
  readonly cap_ambient: kernel_cap_t;
  readonly user_ns: user_namespace;
}

/** What the threads of one process share. include/linux/sched/signal.h */
export interface signal_struct {
  readonly nr_threads: i32;
  readonly live: atomic_t;
  readonly group_exit_code: i32;
  readonly group_stop_count: i32;
  readonly flags: u32;
  readonly is_child_subreaper: u32;
  readonly has_child_subreaper: u32;
  /** By type: 1 process, 2 process group, 3 session. */
  readonly pids: KernelArray<pid>;
  /** Whether it leads its session. */
  readonly leader: i32;
  readonly tty: tty_struct;
  /** Of threads that have ended. */
  readonly utime: u64;
  readonly stime: u64;
  /** Of children that were waited for. */
  readonly cutime: u64;
  readonly cstime: u64;
  readonly nvcsw: u64;
  readonly nivcsw: u64;
  readonly min_flt: u64;
  readonly maj_flt: u64;
  readonly inblock: u64;
  readonly oublock: u64;
  readonly maxrss: u64;
  readonly sum_sched_runtime: u64;
  readonly ioac: task_io_accounting;
  /** By resource: 0 CPU, 3 stack, 6 processes, 7 open files. */
  readonly rlim: KernelArray<rlimit>;
  readonly oom_score_adj: i16;
  readonly oom_score_adj_min: i16;
  readonly oom_mm: mm_struct;
}

export interface rlimit {
  readonly rlim_cur: u64;
  readonly rlim_max: u64;
}

export interface sighand_struct {
  readonly count: refcount_t;
}

/** One process id as each PID namespace sees it. include/linux/pid.h */
export interface pid {
  /** Depth of the namespace that it was made in; `numbers[level]` is its own view. */
  readonly level: u32;
  readonly numbers: KernelArray<upid>;
  readonly count: refcount_t;
}

export interface upid {
  readonly nr: i32;
  readonly ns: pid_namespace;
}

/** include/linux/nsproxy.h */
export interface nsproxy {
  readonly uts_ns: uts_namespace;
  readonly ipc_ns: ipc_namespace;
  readonly mnt_ns: mnt_namespace;
  readonly pid_ns_for_children: pid_namespace;
  readonly net_ns: net;
  readonly time_ns: time_namespace;
  readonly cgroup_ns: cgroup_namespace;
}

export interface ns_common {
  /** What /proc/PID/ns shows. */
  readonly inum: u32;
}

export interface pid_namespace {
  readonly ns: ns_common;
  readonly level: u32;
  readonly parent: pid_namespace;
  readonly child_reaper: task_struct;
  readonly user_ns: user_namespace;
}

export interface uts_namespace {
  readonly name: new_utsname;
  readonly ns: ns_common;
}

export interface new_utsname {
  readonly sysname: string;
  readonly nodename: string;
  readonly release: string;
  readonly version: string;
  readonly machine: string;
  readonly domainname: string;
}

export interface ipc_namespace {
  readonly ns: ns_common;
}

export interface mnt_namespace {
  readonly ns: ns_common;
}

export interface time_namespace {
  readonly ns: ns_common;
}

export interface cgroup_namespace {
  readonly ns: ns_common;
}

export interface user_namespace {
  readonly ns: ns_common;
  readonly parent: user_namespace;
  readonly level: i32;
  readonly owner: kuid_t;
  readonly group: kgid_t;
}

/** The cgroups of a task. include/linux/cgroup-defs.h */
export interface css_set {
  readonly subsys: KernelArray<cgroup_subsys_state>;
  /** Its place in the version 2 hierarchy. */
  readonly dfl_cgrp: cgroup;
}

export interface cgroup_subsys_state {
  readonly cgroup: cgroup;
  readonly id: i32;
  readonly parent: cgroup_subsys_state;
  readonly flags: u32;
  readonly serial_nr: u64;
}

export interface cgroup {
  readonly self: cgroup_subsys_state;
  readonly kn: kernfs_node;
  readonly level: i32;
  readonly flags: u64;
  readonly root: cgroup_root;
  readonly subsys: KernelArray<cgroup_subsys_state>;
}

export interface cgroup_root {
  readonly hierarchy_id: i32;
  readonly name: string;
}

/** One directory or file of cgroupfs or sysfs. include/linux/kernfs.h */
export interface kernfs_node {
  /** Of a cgroup: what `k.cgroupId` gives. */
  readonly id: u64;
  /** Text in kernel memory: `k.str(node.name)`. */
  readonly name: Address;
  /** Until 6.14. */
  readonly parent?: kernfs_node;
  /** Since 6.15. */
  readonly __parent?: kernfs_node;
  readonly mode: u16;
  readonly flags: u16;
  readonly hash: u32;
}

export interface fs_struct {
  readonly root: path;
  readonly pwd: path;
  readonly umask: i32;
  readonly users: i32;
}

/** A program that is being started. include/linux/binfmts.h */
export interface linux_binprm {
  /** The file as it was named: `k.str(bprm.filename)`. */
  readonly filename: Address;
  /** What really runs: the interpreter of a script. */
  readonly interp: Address;
  readonly file: file;
  readonly executable: file;
  readonly interpreter: file;
  readonly mm: mm_struct;
  readonly cred: cred;
  readonly argc: i32;
  readonly envc: i32;
  readonly p: u64;
  readonly vma_pages: u64;
  readonly secureexec: u32;
  readonly point_of_no_return: u32;
  readonly unsafe: i32;
  readonly per_clear: u32;
  /** First bytes of the file. */
  readonly buf: string;
}

export interface tty_struct {
  readonly name: string;
  readonly index: i32;
  readonly driver: tty_driver;
  readonly count: i32;
  readonly flags: u64;
}

export interface tty_driver {
  readonly name: Address;
  readonly driver_name: Address;
  readonly major: i32;
  readonly minor_start: i32;
}

/** A handler of an interrupt. include/linux/interrupt.h */
export interface irqaction {
  readonly irq: u32;
  readonly flags: u32;
  readonly name: Address;
}

/** The run queue of one CPU. kernel/sched/sched.h */
export interface rq {
  readonly nr_running: u32;
  readonly nr_switches: u64;
  readonly curr: task_struct;
  readonly idle: task_struct;
  readonly stop: task_struct;
  readonly cpu: i32;
  readonly clock: u64;
  readonly clock_task: u64;
  readonly nr_uninterruptible: u64;
}

/** Registers at an interrupted instruction. x86-64 and arm64 each have their own. arch/ARCH/include/asm/ptrace.h */
export interface pt_regs {
  /** The stack; on both. */
  readonly sp: u64;
  readonly ip?: u64;
  readonly bp?: u64;
  readonly ax?: u64;
  readonly bx?: u64;
  readonly cx?: u64;
  readonly dx?: u64;
  readonly si?: u64;
  readonly di?: u64;
  readonly r8?: u64;
  readonly r9?: u64;
  readonly r10?: u64;
  readonly r11?: u64;
  readonly r12?: u64;
  readonly r13?: u64;
  readonly r14?: u64;
  readonly r15?: u64;
  readonly orig_ax?: u64;
  readonly cs?: u16;
  readonly ss?: u16;
  /** x86-64. */
  readonly flags?: u64;
  /** arm64: x0 to x30. */
  readonly regs?: KernelArray<u64>;
  readonly pc?: u64;
  readonly pstate?: u64;
  readonly syscallno?: i32;
}
