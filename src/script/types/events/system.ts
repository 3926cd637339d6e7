/** Fields of common tracepoints: scheduling, signals, memory, interrupts. As `events/CATEGORY/NAME/format` of tracefs lists them. */
import type { KernelArray } from '../../schema.ts';
import type { Address, i16, i32, i64, u8, u32, u64 } from '../scalars.ts';

/** One task leaves a CPU, another gets it. The current task is the one that leaves. */
export interface sched_switch {
  readonly prev_comm: string;
  readonly prev_pid: i32;
  readonly prev_prio: i32;
  /** 0 still wants to run, 1 sleeps, 2 waits for a device. */
  readonly prev_state: i64;
  readonly next_comm: string;
  readonly next_pid: i32;
  readonly next_prio: i32;
}

/** A task becomes ready to run. The current task is the one that wakes it. */
export interface sched_wakeup {
  readonly comm: string;
  readonly pid: i32;
  readonly prio: i32;
  readonly target_cpu: i32;
}

/** A process starts a program; the current task is the process. */
export interface sched_process_exec {
  readonly filename: string;
  readonly pid: i32;
  /** The thread that called exec, if it was not the leader. */
  readonly old_pid: i32;
}

/** A thread ends. */
export interface sched_process_exit {
  readonly comm: string;
  readonly pid: i32;
  readonly prio: i32;
  /** The last thread of the process. Newer than 6.12. */
  readonly group_dead: boolean;
}

/** A thread or process is made. */
export interface sched_process_fork {
  readonly parent_comm: string;
  readonly parent_pid: i32;
  readonly child_comm: string;
  readonly child_pid: i32;
}

export interface sched_process_free {
  readonly comm: string;
  readonly pid: i32;
  readonly prio: i32;
}

/** Before the old program is given up. Newer than 6.1. */
export interface sched_prepare_exec {
  readonly interp: string;
  readonly filename: string;
  readonly pid: i32;
  readonly comm: string;
}

export interface sched_stat_runtime {
  readonly comm: string;
  readonly pid: i32;
  /** Nanoseconds. */
  readonly runtime: u64;
}

export interface sched_migrate_task {
  readonly comm: string;
  readonly pid: i32;
  readonly prio: i32;
  readonly orig_cpu: i32;
  readonly dest_cpu: i32;
}

export interface sched_pi_setprio {
  readonly comm: string;
  readonly pid: i32;
  readonly oldprio: i32;
  readonly newprio: i32;
}

/** A thread or process is made; the current task is its maker. */
export interface task_newtask {
  readonly pid: i32;
  readonly comm: string;
  /** `CLONE_*` bits: 0x10000 makes a thread. */
  readonly clone_flags: u64;
  readonly oom_score_adj: i16;
}

export interface task_rename {
  readonly pid: i32;
  readonly oldcomm: string;
  readonly newcomm: string;
  readonly oom_score_adj: i16;
}

export interface signal_generate {
  readonly sig: i32;
  readonly errno: i32;
  readonly code: i32;
  readonly comm: string;
  readonly pid: i32;
  /** 1 for the process, 0 for one thread. */
  readonly group: i32;
  /** 0 delivered, 1 ignored, 2 already pending, 3 could not queue, 4 lost its details. */
  readonly result: i32;
}

export interface signal_deliver {
  readonly sig: i32;
  readonly errno: i32;
  readonly code: i32;
  readonly sa_handler: u64;
  readonly sa_flags: u64;
}

export interface sys_enter {
  /** Number of the system call, by architecture. */
  readonly id: i64;
  /** The six registers that carry arguments. */
  readonly args: KernelArray<u64>;
}

export interface sys_exit {
  /** Number of the system call, by architecture. */
  readonly id: i64;
  /** Negative for an error. */
  readonly ret: i64;
}

export interface irq_handler_entry {
  readonly irq: i32;
  readonly name: string;
}

export interface irq_handler_exit {
  readonly irq: i32;
  readonly ret: i32;
}

export interface softirq_entry {
  /** 0 HI, 1 TIMER, 2 NET_TX, 3 NET_RX, 4 BLOCK, 6 TASKLET, 7 SCHED, 8 HRTIMER, 9 RCU. */
  readonly vec: u32;
}

export interface timer_start {
  readonly timer: Address;
  readonly function: Address;
  readonly expires: u64;
  readonly bucket_expiry: u64;
  readonly now: u64;
  readonly flags: u32;
}

export interface timer_expire_entry {
  readonly timer: Address;
  readonly now: u64;
  readonly function: Address;
  readonly baseclk: u64;
}

export interface hrtimer_start {
  readonly hrtimer: Address;
  readonly function: Address;
  readonly expires: i64;
  readonly softexpires: i64;
  readonly mode: u32;
  readonly was_armed: boolean;
}

export interface hrtimer_expire_entry {
  readonly hrtimer: Address;
  readonly now: i64;
  readonly function: Address;
}

export interface hrtimer_expire_exit {
  readonly hrtimer: Address;
}

export interface workqueue_queue_work {
  readonly work: Address;
  readonly function: Address;
  readonly workqueue: string;
  readonly req_cpu: i32;
  readonly cpu: i32;
}

export interface workqueue_execute_start {
  readonly work: Address;
  readonly function: Address;
}

/** x86 only. */
export interface page_fault_user {
  readonly address: u64;
  readonly ip: u64;
  /** Of the processor: 1 protection, 2 write, 16 instruction fetch on x86. */
  readonly error_code: u64;
}

export interface kmalloc {
  /** Return address of the caller. */
  readonly call_site: u64;
  readonly ptr: Address;
  /** Asked for. */
  readonly bytes_req: u64;
  /** Given. */
  readonly bytes_alloc: u64;
  readonly gfp_flags: u64;
  readonly node: i32;
}

export interface kfree {
  /** Return address of the caller. */
  readonly call_site: u64;
  readonly ptr: Address;
}

export interface kmem_cache_alloc {
  /** Return address of the caller. */
  readonly call_site: u64;
  readonly ptr: Address;
  readonly name: string;
  /** Asked for. */
  readonly bytes_req: u64;
  /** Given. */
  readonly bytes_alloc: u64;
  readonly gfp_flags: u64;
  readonly node: i32;
  readonly accounted: boolean;
}

export interface kmem_cache_free {
  /** Return address of the caller. */
  readonly call_site: u64;
  readonly ptr: Address;
  readonly name: string;
}

export interface mm_page_alloc {
  readonly pfn: u64;
  readonly order: u32;
  readonly gfp_flags: u64;
  readonly migratetype: i32;
}

export interface mm_page_free {
  readonly pfn: u64;
  readonly order: u32;
}

/** The kernel kills a process for want of memory. */
export interface mark_victim {
  readonly pid: i32;
  readonly comm: string;
  readonly total_vm: u64;
  readonly anon_rss: u64;
  readonly file_rss: u64;
  readonly shmem_rss: u64;
  readonly uid: u32;
  readonly pgtables: u64;
  readonly oom_score_adj: i16;
}

export interface oom_score_adj_update {
  readonly pid: i32;
  readonly comm: string;
  readonly oom_score_adj: i16;
}

export interface mm_vmscan_direct_reclaim_begin {
  readonly order: i32;
  readonly gfp_flags: u64;
}

export interface mm_vmscan_direct_reclaim_end {
  readonly nr_reclaimed: u64;
}

export interface mm_filemap_add_to_page_cache {
  readonly pfn: u64;
  readonly i_ino: u64;
  readonly index: u64;
  readonly s_dev: u32;
  readonly order: u8;
}

export interface writeback_dirty_inode {
  readonly name: string;
  readonly ino: u64;
  readonly state: u64;
  readonly flags: u64;
}

export interface cgroup_mkdir {
  readonly root: i32;
  readonly level: i32;
  /** As `k.cgroupId`. */
  readonly id: u64;
  readonly path: string;
}

export interface cgroup_attach_task {
  readonly dst_root: i32;
  readonly dst_level: i32;
  readonly dst_id: u64;
  readonly pid: i32;
  readonly dst_path: string;
  readonly comm: string;
}

export interface cpu_idle {
  readonly state: u32;
  readonly cpu_id: u32;
}

/** Newer than 6.12. */
export interface cap_capable {
  readonly cred: Address;
  readonly target_ns: Address;
  readonly capable_ns: Address;
  readonly cap: i32;
  readonly ret: i32;
}

export interface bpf_trace_printk {
  readonly bpf_string: string;
}

export interface console {
  readonly msg: string;
}

/** By the name that a probe has after `tracepoint:`. */
export interface SystemEvents {
  'sched:sched_switch': sched_switch;
  'sched:sched_wakeup': sched_wakeup;
  'sched:sched_wakeup_new': sched_wakeup;
  'sched:sched_waking': sched_wakeup;
  'sched:sched_process_exec': sched_process_exec;
  'sched:sched_process_exit': sched_process_exit;
  'sched:sched_process_fork': sched_process_fork;
  'sched:sched_process_free': sched_process_free;
  'sched:sched_process_wait': sched_process_free;
  'sched:sched_wait_task': sched_process_free;
  'sched:sched_prepare_exec': sched_prepare_exec;
  'sched:sched_stat_runtime': sched_stat_runtime;
  'sched:sched_migrate_task': sched_migrate_task;
  'sched:sched_pi_setprio': sched_pi_setprio;
  'task:task_newtask': task_newtask;
  'task:task_rename': task_rename;
  'signal:signal_generate': signal_generate;
  'signal:signal_deliver': signal_deliver;
  'raw_syscalls:sys_enter': sys_enter;
  'raw_syscalls:sys_exit': sys_exit;
  'irq:irq_handler_entry': irq_handler_entry;
  'irq:irq_handler_exit': irq_handler_exit;
  'irq:softirq_entry': softirq_entry;
  'irq:softirq_exit': softirq_entry;
  'irq:softirq_raise': softirq_entry;
  'timer:timer_start': timer_start;
  'timer:timer_expire_entry': timer_expire_entry;
  'timer:hrtimer_start': hrtimer_start;
  'timer:hrtimer_expire_entry': hrtimer_expire_entry;
  'timer:hrtimer_expire_exit': hrtimer_expire_exit;
  'workqueue:workqueue_queue_work': workqueue_queue_work;
  'workqueue:workqueue_execute_start': workqueue_execute_start;
  'workqueue:workqueue_execute_end': workqueue_execute_start;
  'exceptions:page_fault_user': page_fault_user;
  'exceptions:page_fault_kernel': page_fault_user;
  'kmem:kmalloc': kmalloc;
  'kmem:kfree': kfree;
  'kmem:kmem_cache_alloc': kmem_cache_alloc;
  'kmem:kmem_cache_free': kmem_cache_free;
  'kmem:mm_page_alloc': mm_page_alloc;
  'kmem:mm_page_free': mm_page_free;
  'oom:mark_victim': mark_victim;
  'oom:oom_score_adj_update': oom_score_adj_update;
  'vmscan:mm_vmscan_direct_reclaim_begin': mm_vmscan_direct_reclaim_begin;
  'vmscan:mm_vmscan_direct_reclaim_end': mm_vmscan_direct_reclaim_end;
  'filemap:mm_filemap_add_to_page_cache': mm_filemap_add_to_page_cache;
  'filemap:mm_filemap_delete_from_page_cache': mm_filemap_add_to_page_cache;
  'writeback:writeback_dirty_inode': writeback_dirty_inode;
  'cgroup:cgroup_mkdir': cgroup_mkdir;
  'cgroup:cgroup_rmdir': cgroup_mkdir;
  'cgroup:cgroup_attach_task': cgroup_attach_task;
  'power:cpu_idle': cpu_idle;
  'power:cpu_frequency': cpu_idle;
  'capability:cap_capable': cap_capable;
  'bpf_trace:bpf_trace_printk': bpf_trace_printk;
  'printk:console': console;
}
