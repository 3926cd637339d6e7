/* SPDX-License-Identifier: MIT */
/* How long connections take to open: from connect(2) to the answer, by the change of the socket's state. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>
#include "tcpconnlat.h"

#define AF_INET 2

/// @description leave out what took less, in microseconds
const volatile __u64 targ_min_us = 0;
/// @description this process only
const volatile pid_t targ_tgid = 0;

struct begun {
	char comm[TASK_COMM_LEN];
	u64 ts;
	u32 tgid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct sock *);
	__type(value, struct begun);
} start SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
} events SEC(".maps");

static int trace_connect(struct sock *sk)
{
	struct begun begun = {};
	u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (targ_tgid && targ_tgid != (pid_t)tgid)
		return 0;
	bpf_get_current_comm(&begun.comm, sizeof(begun.comm));
	begun.ts = bpf_ktime_get_ns();
	begun.tgid = tgid;
	bpf_map_update_elem(&start, &sk, &begun, 0);
	return 0;
}

static int handle_tcp_rcv_state_process(void *ctx, struct sock *sk)
{
	struct begun *begun = bpf_map_lookup_elem(&start, &sk);
	struct event event = {};
	u64 now = bpf_ktime_get_ns();

	if (!begun || BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_SYN_SENT)
		return 0;
	if (now < begun->ts)
		goto cleanup;
	event.delta_us = (now - begun->ts) / 1000U;
	if (targ_min_us && event.delta_us < targ_min_us)
		goto cleanup;
	__builtin_memcpy(&event.comm, begun->comm, sizeof(event.comm));
	event.tgid = begun->tgid;
	event.af = BPF_CORE_READ(sk, __sk_common.skc_family);
	event.lport = BPF_CORE_READ(sk, __sk_common.skc_num);
	event.dport = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (event.af == AF_INET) {
		BPF_CORE_READ_INTO((u32 *)event.saddr, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((u32 *)event.daddr, sk, __sk_common.skc_daddr);
	} else {
		BPF_CORE_READ_INTO(&event.saddr, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&event.daddr, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	}
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
cleanup:
	bpf_map_delete_elem(&start, &sk);
	return 0;
}

SEC("fentry/tcp_v4_connect")
int BPF_PROG(fentry_tcp_v4_connect, struct sock *sk)
{
	return trace_connect(sk);
}

SEC("fentry/tcp_v6_connect")
int BPF_PROG(fentry_tcp_v6_connect, struct sock *sk)
{
	return trace_connect(sk);
}

SEC("fentry/tcp_rcv_state_process")
int BPF_PROG(fentry_tcp_rcv_state_process, struct sock *sk)
{
	return handle_tcp_rcv_state_process(ctx, sk);
}

char LICENSE[] SEC("license") = "GPL";
