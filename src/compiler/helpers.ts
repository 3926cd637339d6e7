/**
 * The helper functions that front ends call, as data: numbers of enum bpf_func_id and the kernel
 * version that brought each (include/uapi/linux/bpf.h). A test holds the numbers against the running
 * kernel's BTF.
 *
 * `pure`: equal arguments give an equal result during one run of a program, and nothing is written;
 * the compiler merges such calls.
 */
import type { Callee } from './ir.ts';

export type HelperName =
  | 'map_lookup_elem'
  | 'map_update_elem'
  | 'map_delete_elem'
  | 'ktime_get_ns'
  | 'tail_call'
  | 'trace_printk'
  | 'get_prandom_u32'
  | 'get_smp_processor_id'
  | 'get_current_pid_tgid'
  | 'get_current_uid_gid'
  | 'get_current_comm'
  | 'get_stackid'
  | 'get_current_task'
  | 'get_current_cgroup_id'
  | 'map_push_elem'
  | 'map_pop_elem'
  | 'map_peek_elem'
  | 'send_signal'
  | 'probe_read_user'
  | 'probe_read_kernel'
  | 'probe_read_user_str'
  | 'probe_read_kernel_str'
  | 'ktime_get_boot_ns'
  | 'seq_write'
  | 'ringbuf_output'
  | 'ringbuf_reserve'
  | 'ringbuf_submit'
  | 'ringbuf_discard'
  | 'd_path'
  | 'copy_from_user'
  | 'get_current_task_btf'
  | 'get_func_ip'
  | 'get_attach_cookie'
  | 'loop'
  | 'probe_read'
  | 'get_stack'
  | 'perf_event_output'
  | 'override_return'
  | 'send_signal_thread'
  | 'skb_output'
  | 'seq_printf'
  | 'probe_read_str'
  | 'jiffies64'
  | 'get_ns_current_pid_tgid'
  | 'ktime_get_coarse_ns'
  | 'for_each_map_elem'
  | 'strncmp'
  | 'get_numa_node_id'
  | 'get_socket_cookie'
  | 'per_cpu_ptr'
  | 'this_cpu_ptr'
  | 'map_lookup_percpu_elem'
  | 'ktime_get_tai_ns'
  | 'probe_write_user'
  | 'task_pt_regs'
  | 'copy_from_user_task'
  | 'find_vma';

interface Helper {
  readonly id: number;
  readonly since: string;
  readonly pure?: true;
  /** Leaves nothing in r0. */
  readonly nothing?: true;
}

const table: Record<HelperName, Helper> = {
  map_lookup_elem: { id: 1, since: '3.19' },
  map_update_elem: { id: 2, since: '3.19' },
  map_delete_elem: { id: 3, since: '3.19' },
  ktime_get_ns: { id: 5, since: '4.1' },
  tail_call: { id: 12, since: '4.2', nothing: true },
  trace_printk: { id: 6, since: '4.1' },
  get_prandom_u32: { id: 7, since: '4.1' },
  get_smp_processor_id: { id: 8, since: '4.1', pure: true },
  get_current_pid_tgid: { id: 14, since: '4.2', pure: true },
  get_current_uid_gid: { id: 15, since: '4.2', pure: true },
  get_current_comm: { id: 16, since: '4.2' },
  get_stackid: { id: 27, since: '4.6' },
  get_current_task: { id: 35, since: '4.8', pure: true },
  get_current_cgroup_id: { id: 80, since: '4.18', pure: true },
  map_push_elem: { id: 87, since: '4.20' },
  map_pop_elem: { id: 88, since: '4.20' },
  map_peek_elem: { id: 89, since: '4.20' },
  send_signal: { id: 109, since: '5.3' },
  probe_read_user: { id: 112, since: '5.5' },
  probe_read_kernel: { id: 113, since: '5.5' },
  probe_read_user_str: { id: 114, since: '5.5' },
  probe_read_kernel_str: { id: 115, since: '5.5' },
  ktime_get_boot_ns: { id: 125, since: '5.8' },
  seq_write: { id: 127, since: '5.7' },
  ringbuf_output: { id: 130, since: '5.8' },
  ringbuf_reserve: { id: 131, since: '5.8' },
  ringbuf_submit: { id: 132, since: '5.8', nothing: true },
  ringbuf_discard: { id: 133, since: '5.8', nothing: true },
  d_path: { id: 147, since: '5.10' },
  copy_from_user: { id: 148, since: '5.10' },
  get_current_task_btf: { id: 158, since: '5.11', pure: true },
  get_func_ip: { id: 173, since: '5.15', pure: true },
  get_attach_cookie: { id: 174, since: '5.15', pure: true },
  loop: { id: 181, since: '5.17' },
  probe_read: { id: 4, since: '4.1' },
  get_stack: { id: 67, since: '4.18' },
  perf_event_output: { id: 25, since: '4.4' },
  override_return: { id: 58, since: '4.16' },
  send_signal_thread: { id: 117, since: '5.5' },
  skb_output: { id: 111, since: '5.5' },
  seq_printf: { id: 126, since: '5.7' },
  probe_read_str: { id: 45, since: '4.11' },
  jiffies64: { id: 118, since: '5.5' },
  get_ns_current_pid_tgid: { id: 120, since: '5.7' },
  ktime_get_coarse_ns: { id: 160, since: '5.11' },
  for_each_map_elem: { id: 164, since: '5.13' },
  strncmp: { id: 182, since: '5.17' },
  get_numa_node_id: { id: 42, since: '4.10', pure: true },
  get_socket_cookie: { id: 46, since: '4.12' },
  per_cpu_ptr: { id: 153, since: '5.10' },
  this_cpu_ptr: { id: 154, since: '5.10' },
  map_lookup_percpu_elem: { id: 195, since: '5.19' },
  ktime_get_tai_ns: { id: 208, since: '6.1' },
  probe_write_user: { id: 36, since: '4.8' },
  task_pt_regs: { id: 175, since: '5.15' },
  copy_from_user_task: { id: 191, since: '5.18' },
  find_vma: { id: 180, since: '5.17' },
};

/** All helpers by name: for documents, feature tests and the disassembler. */
export const helpers: Readonly<Record<HelperName, Helper>> = table;

/** The call target for a helper. */
export function helper(name: HelperName): Callee {
  const { id, pure } = table[name];
  return { kind: 'helper', id, name: `bpf_${name}`, pure: pure === true };
}

const withResult: ReadonlySet<number> = new Set(
  Object.values<Helper>(table)
    .filter(({ nothing }) => !nothing)
    .map(({ id }) => id),
);

/** The helper of this number is known to leave a value in r0. */
export function returnsValue(id: number): boolean {
  return withResult.has(id);
}
