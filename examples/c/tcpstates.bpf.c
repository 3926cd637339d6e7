/* SPDX-License-Identifier: MIT */
/* Every change of a TCP socket's state, with the time that it spent in the old one. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "tcpstates.h"

#define MAX_ENTRIES 10240
#define AF_INET 2

/// @description AF_INET (2) or AF_INET6 (10); 0: both
const volatile short target_family = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, struct sock *);
	__type(value, __u64);
} timestamps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

SEC("tracepoint/sock/inet_sock_set_state")
int handle_set_state(struct trace_event_raw_inet_sock_set_state *ctx)
{
	struct sock *sk = (struct sock *)ctx->skaddr;
	struct event event = {};
	__u64 *since, now;

	if (ctx->protocol != IPPROTO_TCP || (target_family && target_family != ctx->family))
		return 0;
	since = bpf_map_lookup_elem(&timestamps, &sk);
	now = bpf_ktime_get_ns();
	event.skaddr = (__u64)sk;
	event.ts_us = now / 1000;
	event.delta_us = since ? (now - *since) / 1000 : 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.oldstate = ctx->oldstate;
	event.newstate = ctx->newstate;
	event.family = ctx->family;
	event.sport = ctx->sport;
	event.dport = ctx->dport;
	bpf_get_current_comm(&event.task, sizeof(event.task));
	if (ctx->family == AF_INET) {
		bpf_probe_read_kernel(&event.saddr, 4, &ctx->saddr);
		bpf_probe_read_kernel(&event.daddr, 4, &ctx->daddr);
	} else {
		bpf_probe_read_kernel(&event.saddr, 16, &ctx->saddr_v6);
		bpf_probe_read_kernel(&event.daddr, 16, &ctx->daddr_v6);
	}
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, &event, sizeof(event));
	if (ctx->newstate == TCP_CLOSE)
		bpf_map_delete_elem(&timestamps, &sk);
	else
		bpf_map_update_elem(&timestamps, &sk, &now, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
