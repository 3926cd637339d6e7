/* One program for each place of the network; each counts its runs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct bpf_nf_ctx;

unsigned long long runs = 0;

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} processors SEC(".maps");

/* Sends packets to where a slot of a map says; the programs in the slots count. */
#define redirecting(section, name, map)                                                                                \
	SEC("?" section)                                                                                               \
	int name(struct xdp_md *ctx)                                                                                   \
	{                                                                                                              \
		return bpf_redirect_map(&map, 0, 0);                                                                   \
	}

redirecting("xdp", to_device, devices)
redirecting("xdp.frags", to_device_frags, devices)
redirecting("xdp", to_processor, processors)
redirecting("xdp.frags", to_processor_frags, processors)

#define program(section, name, type, result)                                                                           \
	SEC("?" section)                                                                                               \
	int name(type *ctx)                                                                                            \
	{                                                                                                              \
		__sync_fetch_and_add(&runs, 1);                                                                        \
		return result;                                                                                         \
	}

program("tcx/ingress", tcx_ingress, struct __sk_buff, -1)
program("tcx/egress", tcx_egress, struct __sk_buff, -1)
program("tc/ingress", tc_ingress, struct __sk_buff, -1)
program("tc/egress", tc_egress, struct __sk_buff, -1)
program("netkit/primary", netkit_primary, struct __sk_buff, -1)
program("netkit/peer", netkit_peer, struct __sk_buff, -1)
program("classifier", classifier, struct __sk_buff, 0)
program("tc", tc, struct __sk_buff, 0)
program("action", action, struct __sk_buff, 0)
program("xdp", xdp, struct xdp_md, XDP_PASS)
program("xdp.frags", xdp_frags, struct xdp_md, XDP_PASS)
program("xdp/devmap", xdp_devmap, struct xdp_md, XDP_DROP)
program("xdp.frags/devmap", xdp_frags_devmap, struct xdp_md, XDP_DROP)
program("xdp/cpumap", xdp_cpumap, struct xdp_md, XDP_DROP)
program("xdp.frags/cpumap", xdp_frags_cpumap, struct xdp_md, XDP_DROP)
program("sk_lookup", sk_lookup, struct bpf_sk_lookup, SK_PASS)
program("sk_reuseport", sk_reuseport, struct sk_reuseport_md, SK_PASS)
program("sk_reuseport/migrate", sk_reuseport_migrate, struct sk_reuseport_md, SK_PASS)
program("flow_dissector", flow_dissector, struct __sk_buff, BPF_OK)
program("netfilter", netfilter, struct bpf_nf_ctx, 1)
program("sk_skb/stream_parser", stream_parser, struct __sk_buff, ctx->len)
program("sk_skb/stream_verdict", stream_verdict, struct __sk_buff, SK_PASS)
program("sk_skb/verdict", verdict, struct __sk_buff, SK_PASS)
program("sk_skb", any_direction, struct __sk_buff, SK_PASS)
program("sk_msg", message, struct sk_msg_md, SK_PASS)
program("socket", socket_filter, struct __sk_buff, 0)
program("lwt_in", lwt_in, struct __sk_buff, BPF_OK)
program("lwt_out", lwt_out, struct __sk_buff, BPF_OK)
program("lwt_xmit", lwt_xmit, struct __sk_buff, BPF_OK)
program("lwt_seg6local", lwt_seg6local, struct __sk_buff, BPF_OK)
program("lirc_mode2", lirc_mode2, unsigned int, 0)
program("sockops", sockops, struct bpf_sock_ops, 1)
program("cgroup_skb/ingress", cgroup_ingress, struct __sk_buff, 1)
program("cgroup_skb/egress", cgroup_egress, struct __sk_buff, 1)
program("cgroup/skb", any_packet, struct __sk_buff, 1)
program("cgroup/sock", sock, struct bpf_sock, 1)
program("cgroup/sock_create", sock_create, struct bpf_sock, 1)
program("cgroup/sock_release", sock_release, struct bpf_sock, 1)
program("cgroup/post_bind4", post_bind4, struct bpf_sock, 1)
program("cgroup/post_bind6", post_bind6, struct bpf_sock, 1)
program("cgroup/bind4", bind4, struct bpf_sock_addr, 1)
program("cgroup/bind6", bind6, struct bpf_sock_addr, 1)
program("cgroup/connect4", connect4, struct bpf_sock_addr, 1)
program("cgroup/connect6", connect6, struct bpf_sock_addr, 1)
program("cgroup/connect_unix", connect_unix, struct bpf_sock_addr, 1)
program("cgroup/sendmsg4", sendmsg4, struct bpf_sock_addr, 1)
program("cgroup/sendmsg6", sendmsg6, struct bpf_sock_addr, 1)
program("cgroup/sendmsg_unix", sendmsg_unix, struct bpf_sock_addr, 1)
program("cgroup/recvmsg4", recvmsg4, struct bpf_sock_addr, 1)
program("cgroup/recvmsg6", recvmsg6, struct bpf_sock_addr, 1)
program("cgroup/recvmsg_unix", recvmsg_unix, struct bpf_sock_addr, 1)
program("cgroup/getpeername4", getpeername4, struct bpf_sock_addr, 1)
program("cgroup/getpeername6", getpeername6, struct bpf_sock_addr, 1)
program("cgroup/getpeername_unix", getpeername_unix, struct bpf_sock_addr, 1)
program("cgroup/getsockname4", getsockname4, struct bpf_sock_addr, 1)
program("cgroup/getsockname6", getsockname6, struct bpf_sock_addr, 1)
program("cgroup/getsockname_unix", getsockname_unix, struct bpf_sock_addr, 1)
program("cgroup/sysctl", sysctl, struct bpf_sysctl, 1)
program("cgroup/getsockopt", getsockopt, struct bpf_sockopt, 1)
program("cgroup/setsockopt", setsockopt, struct bpf_sockopt, 1)
program("cgroup/dev", device, struct bpf_cgroup_dev_ctx, 1)
program("lsm_cgroup/socket_bind", lsm_cgroup, void, 1)

char LICENSE[] SEC("license") = "GPL";
