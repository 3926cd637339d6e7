/** The kernel's own words for types, as tools print them: the enumerators of include/uapi/linux/bpf.h in lower case. */
import { AttachType } from '../spec.ts';

const programTypes =
  'unspec socket_filter kprobe sched_cls sched_act tracepoint xdp perf_event cgroup_skb cgroup_sock lwt_in lwt_out lwt_xmit sock_ops sk_skb cgroup_device sk_msg raw_tracepoint cgroup_sock_addr lwt_seg6local lirc_mode2 sk_reuseport flow_dissector cgroup_sysctl raw_tracepoint_writable cgroup_sockopt tracing struct_ops ext lsm sk_lookup syscall netfilter'.split(
    ' ',
  );

const mapTypes =
  'unspec hash array prog_array perf_event_array percpu_hash percpu_array stack_trace cgroup_array lru_hash lru_percpu_hash lpm_trie array_of_maps hash_of_maps devmap sockmap cpumap xskmap sockhash cgroup_storage reuseport_sockarray percpu_cgroup_storage queue stack sk_storage devmap_hash struct_ops ringbuf inode_storage task_storage bloom_filter user_ringbuf cgrp_storage arena insn_array'.split(
    ' ',
  );

const linkTypes: Readonly<Record<string, string>> = {
  rawTracepoint: 'raw_tracepoint',
  iterator: 'iter',
  perfEvent: 'perf_event',
  kprobeMulti: 'kprobe_multi',
  uprobeMulti: 'uprobe_multi',
  structOps: 'struct_ops',
};

/** `sched_cls`; `type 99` for one that bpfkit does not know. */
export function programTypeName(type: number): string {
  return programTypes[type] ?? `type ${type}`;
}

/** `percpu_hash`. */
export function mapTypeName(type: number): string {
  return mapTypes[type] ?? `type ${type}`;
}

/** `kprobe_multi`, from the `type` of a description. */
export function linkTypeName(type: string): string {
  return linkTypes[type] ?? type;
}

const attachTypes: ReadonlyMap<number, string> = new Map(
  Object.entries(AttachType).map(([name, number]) => [
    number,
    name.replace(/[A-Z]|(?<=[a-z])\d/g, (letter) => `_${letter.toLowerCase()}`).replace(/_(\d)/g, '$1'),
  ]),
);

/** `cgroup_inet4_bind`. */
export function attachTypeWord(type: number): string {
  return attachTypes.get(type) ?? `attach_type_${type}`;
}
