/** The release of Linux that brought each kind: the program, or what it is attached by if that came later. */
const releases: Readonly<Record<string, string>> = {
  '3.19': 'socket',
  '4.1': 'kprobe kretprobe ksyscall kretsyscall tc action',
  '4.3': 'uprobe uretprobe usdt',
  '4.7': 'tracepoint',
  '4.8': 'xdp',
  '4.9': 'perf_event',
  '4.10':
    'lwt_in lwt_out lwt_xmit cgroup_skb/ingress cgroup_skb/egress cgroup/skb cgroup/sock_create cgroup/sock',
  '4.13': 'sockops',
  '4.14': 'sk_skb/stream_parser sk_skb/stream_verdict sk_skb',
  '4.15': 'cgroup/dev',
  '4.17':
    'raw_tracepoint sk_msg cgroup/post_bind4 cgroup/post_bind6 cgroup/bind4 cgroup/bind6 cgroup/connect4 cgroup/connect6',
  '4.18': 'lwt_seg6local lirc_mode2 cgroup/sendmsg4 cgroup/sendmsg6',
  '4.19': 'sk_reuseport',
  '4.20': 'flow_dissector',
  '5.2': 'raw_tracepoint.w cgroup/recvmsg4 cgroup/recvmsg6 cgroup/sysctl',
  '5.3': 'cgroup/getsockopt cgroup/setsockopt',
  '5.5': 'tp_btf fentry fexit',
  '5.6': 'freplace struct_ops',
  '5.7': 'fmod_ret lsm',
  '5.8': 'iter xdp/devmap cgroup/getpeername4 cgroup/getpeername6 cgroup/getsockname4 cgroup/getsockname6',
  '5.9': 'xdp/cpumap cgroup/sock_release sk_lookup',
  '5.10': 'fentry.s fexit.s fmod_ret.s',
  '5.11': 'lsm.s',
  '5.13': 'sk_skb/verdict',
  '5.14': 'syscall sk_reuseport/migrate',
  '5.18': 'iter.s kprobe.multi kretprobe.multi xdp.frags xdp.frags/devmap xdp.frags/cpumap',
  '6.0': 'uprobe.s uretprobe.s usdt.s lsm_cgroup',
  '6.3': 'struct_ops.s',
  '6.4': 'netfilter',
  '6.6': 'uprobe.multi uprobe.multi.s uretprobe.multi uretprobe.multi.s tc/ingress tc/egress',
  '6.7':
    'netkit/primary netkit/peer cgroup/connect_unix cgroup/sendmsg_unix cgroup/recvmsg_unix cgroup/getpeername_unix cgroup/getsockname_unix',
  '6.10': 'kprobe.session',
  '6.13': 'uprobe.session uprobe.session.s',
  '7.0': 'fsession fsession.s',
  '7.1': 'tracepoint.s raw_tracepoint.s tp_btf.s',
  '7.2': 'fentry.multi fentry.multi.s fexit.multi fexit.multi.s fsession.multi fsession.multi.s',
};

const byName = new Map(
  Object.entries(releases).flatMap(([release, names]) =>
    names.split(' ').map((name) => [name, release] as const),
  ),
);

/** By the first of its names; undefined for a kind that nobody wrote down. */
export function sinceOf(name: string): string | undefined {
  return byName.get(name);
}
