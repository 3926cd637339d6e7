/**
 * Arguments of common raw tracepoints, by the parameter names of the kernel's `TP_PROTO`.
 *
 * Names and types are those of `__traceiter_NAME` in the kernel's BTF; what 6.1 or 6.12 lack says so.
 */
import type { Struct } from './kernel.ts';
import type { Address, i32, i64, u8, u32, u64 } from './scalars.ts';

type Task = Struct<'task_struct'>;

export interface BuiltinRawTracepoints {
  sched_switch: {
    readonly preempt: boolean;
    readonly prev: Task;
    readonly next: Task;
    /** 0 still wants to run, 1 sleeps, 2 waits for a device. Linux 5.18. */
    readonly prev_state: u32;
  };
  sched_wakeup: { readonly p: Task };
  sched_wakeup_new: { readonly p: Task };
  sched_waking: { readonly p: Task };
  sched_process_fork: { readonly parent: Task; readonly child: Task };
  sched_process_exec: { readonly p: Task; readonly old_pid: i32; readonly bprm: Struct<'linux_binprm'> };
  /** `group_dead` is newer than 6.12. */
  sched_process_exit: { readonly p: Task; readonly group_dead: boolean };
  sched_process_free: { readonly p: Task };
  sched_process_wait: { readonly pid: Struct<'pid'> };
  sched_stat_runtime: { readonly tsk: Task; readonly runtime: u64 };
  sched_migrate_task: { readonly p: Task; readonly dest_cpu: i32 };
  sched_pi_setprio: { readonly tsk: Task; readonly pi_task: Task };
  task_newtask: { readonly task: Task; readonly clone_flags: u64 };
  task_rename: { readonly task: Task; readonly comm: Address };
  signal_generate: {
    readonly sig: i32;
    readonly info: Address;
    readonly task: Task;
    readonly group: i32;
    readonly result: i32;
  };
  signal_deliver: { readonly sig: i32; readonly info: Address; readonly ka: Address };
  sys_enter: { readonly regs: Struct<'pt_regs'>; readonly id: i64 };
  sys_exit: { readonly regs: Struct<'pt_regs'>; readonly ret: i64 };
  block_rq_insert: { readonly rq: Struct<'request'> };
  block_rq_issue: { readonly rq: Struct<'request'> };
  block_rq_complete: { readonly rq: Struct<'request'>; readonly error: u8; readonly nr_bytes: u32 };
  block_rq_requeue: { readonly rq: Struct<'request'> };
  /** Newer than 6.1. */
  block_io_start: { readonly rq: Struct<'request'> };
  /** Newer than 6.1. */
  block_io_done: { readonly rq: Struct<'request'> };
  block_bio_queue: { readonly bio: Struct<'bio'> };
  block_bio_complete: { readonly q: Struct<'request_queue'>; readonly bio: Struct<'bio'> };
  tcp_retransmit_skb: { readonly sk: Struct<'sock'>; readonly skb: Struct<'sk_buff'> };
  tcp_receive_reset: { readonly sk: Struct<'sock'> };
  tcp_destroy_sock: { readonly sk: Struct<'sock'> };
  tcp_rcv_space_adjust: { readonly sk: Struct<'sock'> };
  tcp_probe: { readonly sk: Struct<'sock'>; readonly skb: Struct<'sk_buff'> };
  inet_sock_set_state: { readonly sk: Struct<'sock'>; readonly oldstate: i32; readonly newstate: i32 };
  /** `rx_sk` is newer than 6.1. */
  kfree_skb: {
    readonly skb: Struct<'sk_buff'>;
    readonly location: Address;
    readonly reason: u32;
    readonly rx_sk: Struct<'sock'>;
  };
  /** `location` is newer than 6.1. */
  consume_skb: { readonly skb: Struct<'sk_buff'>; readonly location: Address };
  netif_receive_skb: { readonly skb: Struct<'sk_buff'> };
  net_dev_queue: { readonly skb: Struct<'sk_buff'> };
  net_dev_xmit: {
    readonly skb: Struct<'sk_buff'>;
    readonly rc: i32;
    readonly dev: Struct<'net_device'>;
    readonly skb_len: u32;
  };
  napi_poll: { readonly napi: Address; readonly work: i32; readonly budget: i32 };
  softirq_entry: { readonly vec_nr: u32 };
  softirq_exit: { readonly vec_nr: u32 };
  softirq_raise: { readonly vec_nr: u32 };
  irq_handler_entry: { readonly irq: i32; readonly action: Address };
  irq_handler_exit: { readonly irq: i32; readonly action: Address; readonly ret: i32 };
  workqueue_queue_work: { readonly req_cpu: i32; readonly pwq: Address; readonly work: Address };
  workqueue_execute_start: { readonly work: Address };
  workqueue_execute_end: { readonly work: Address; readonly function: Address };
  cgroup_mkdir: { readonly cgrp: Struct<'cgroup'>; readonly path: Address };
  cgroup_rmdir: { readonly cgrp: Struct<'cgroup'>; readonly path: Address };
  cgroup_attach_task: {
    readonly dst_cgrp: Struct<'cgroup'>;
    readonly path: Address;
    readonly task: Task;
    readonly threadgroup: boolean;
  };
  mark_victim: { readonly task: Task; readonly uid: u32 };
  oom_score_adj_update: { readonly task: Task };
  cpu_idle: { readonly state: u32; readonly cpu_id: u32 };
  cpu_frequency: { readonly frequency: u32; readonly cpu_id: u32 };
  mm_vmscan_direct_reclaim_begin: { readonly order: i32; readonly gfp_flags: u32 };
  mm_vmscan_direct_reclaim_end: { readonly nr_reclaimed: u64 };
  /** x86 only. */
  page_fault_user: {
    readonly address: u64;
    readonly regs: Struct<'pt_regs'>;
    readonly error_code: u64;
  };
  /** x86 only. */
  page_fault_kernel: {
    readonly address: u64;
    readonly regs: Struct<'pt_regs'>;
    readonly error_code: u64;
  };
  /** Newer than 6.12. */
  cap_capable: {
    readonly cred: Struct<'cred'>;
    readonly target_ns: Struct<'user_namespace'>;
    readonly capable_ns: Struct<'user_namespace'>;
    readonly cap: i32;
    readonly ret: i32;
  };
  kmalloc: {
    readonly call_site: u64;
    readonly ptr: Address;
    readonly bytes_req: u64;
    readonly bytes_alloc: u64;
    readonly gfp_flags: u32;
    readonly node: i32;
  };
  kfree: { readonly call_site: u64; readonly ptr: Address };
}
