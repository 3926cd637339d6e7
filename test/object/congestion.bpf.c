/* A structure of functions: a TCP congestion control that does next to nothing, and counts. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct sock;
struct rate_sample;
union tcp_cc_info;

struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
	__u32 flags;
};

unsigned long long avoided = 0;

SEC("struct_ops/quiet_ssthresh")
__u32 BPF_PROG(quiet_ssthresh, struct sock *sk)
{
	return 2;
}

SEC("struct_ops/quiet_avoid")
void BPF_PROG(quiet_avoid, struct sock *sk, __u32 ack, __u32 acked)
{
	__sync_fetch_and_add(&avoided, 1);
}

SEC("struct_ops/quiet_undo")
__u32 BPF_PROG(quiet_undo, struct sock *sk)
{
	return 10;
}

SEC("struct_ops/not_in_any")
__u32 BPF_PROG(not_in_any, struct sock *sk)
{
	return 0;
}

SEC(".struct_ops")
struct tcp_congestion_ops quiet = {
	.ssthresh = (void *)quiet_ssthresh,
	.cong_avoid = (void *)quiet_avoid,
	.undo_cwnd = (void *)quiet_undo,
	.name = "bpfkit_quiet",
};

/* The same by a link, on kernels that have those (6.4). */
SEC("?.struct_ops.link")
struct tcp_congestion_ops linked = {
	.ssthresh = (void *)quiet_ssthresh,
	.cong_avoid = (void *)quiet_avoid,
	.undo_cwnd = (void *)quiet_undo,
	.name = "bpfkit_linked",
};

char LICENSE[] SEC("license") = "GPL";
