/* One program for each place of the network; nothing but their SEC names matters here. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct bpf_nf_ctx;

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

#define program(section, name, type, result)                                                                           \
	SEC("?" section)                                                                                               \
	int name(type *ctx)                                                                                            \
	{                                                                                                              \
		return result;                                                                                         \
	}

program("tcx/ingress", tcx_ingress, struct __sk_buff, -1)
program("tc/egress", tc_egress, struct __sk_buff, -1)
program("netkit/primary", netkit_primary, struct __sk_buff, -1)
program("netkit/peer", netkit_peer, struct __sk_buff, -1)
program("classifier", classifier, struct __sk_buff, 0)
program("xdp.frags", xdp_frags, struct xdp_md, XDP_PASS)
program("sk_lookup", sk_lookup, struct bpf_sk_lookup, SK_PASS)
program("flow_dissector", flow_dissector, struct __sk_buff, BPF_OK)
program("netfilter", netfilter, struct bpf_nf_ctx, 1)
program("sk_skb/stream_parser", stream_parser, struct __sk_buff, ctx->len)
program("sk_skb/stream_verdict", stream_verdict, struct __sk_buff, SK_PASS)
program("sk_skb/verdict", verdict, struct __sk_buff, SK_PASS)
program("sk_msg", message, struct sk_msg_md, SK_PASS)
program("socket", socket_filter, struct __sk_buff, 0)
program("sockops", sockops, struct bpf_sock_ops, 1)
program("cgroup_skb/ingress", cgroup_ingress, struct __sk_buff, 1)
program("cgroup/sock_create", sock_create, struct bpf_sock, 1)
program("cgroup/sock_release", sock_release, struct bpf_sock, 1)
program("cgroup/post_bind4", post_bind4, struct bpf_sock, 1)
program("cgroup/connect4", connect4, struct bpf_sock_addr, 1)
program("cgroup/getsockname6", getsockname6, struct bpf_sock_addr, 1)
program("cgroup/connect_unix", connect_unix, struct bpf_sock_addr, 1)
program("cgroup/sysctl", sysctl, struct bpf_sysctl, 1)
program("cgroup/getsockopt", getsockopt, struct bpf_sockopt, 1)
program("cgroup/setsockopt", setsockopt, struct bpf_sockopt, 1)
program("cgroup/dev", device, struct bpf_cgroup_dev_ctx, 1)
program("lsm_cgroup/socket_bind", lsm_cgroup, void, 1)

char LICENSE[] SEC("license") = "GPL";
