/* SPDX-License-Identifier: MIT */
/* Smoothed round trip times of TCP, by nothing, by local or by remote address. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>
#include "bits.bpf.h"
#include "tcprtt.h"

#define MAX_ENTRIES 10240
#define AF_INET 2

/// @description a histogram for each local address
const volatile bool targ_laddr_hist = false;
/// @description a histogram for each remote address
const volatile bool targ_raddr_hist = false;
/// @description milliseconds instead of microseconds
const volatile bool targ_ms = false;
/// @description this local port only
const volatile __u16 targ_sport = 0;
/// @description this remote port only
const volatile __u16 targ_dport = 0;
/// @description this local IPv4 address only, as a number in network order
const volatile __u32 targ_saddr = 0;
/// @description this remote IPv4 address only
const volatile __u32 targ_daddr = 0;

/// @sample {"interval": 1000, "type" : "log2_hist"}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, struct hist_key);
	__type(value, struct hist);
} hists SEC(".maps");

static struct hist zero;

SEC("fentry/tcp_rcv_established")
int BPF_PROG(tcp_rcv, struct sock *sk)
{
	const struct inet_sock *inet = (struct inet_sock *)sk;
	struct tcp_sock *ts = (struct tcp_sock *)sk;
	struct hist_key key = {};
	struct hist *hist;
	__u64 slot, rtt;

	if (targ_sport && targ_sport != sk->__sk_common.skc_num)
		return 0;
	if (targ_dport && targ_dport != bpf_ntohs(sk->__sk_common.skc_dport))
		return 0;
	if (targ_saddr && targ_saddr != inet->inet_saddr)
		return 0;
	if (targ_daddr && targ_daddr != sk->__sk_common.skc_daddr)
		return 0;
	if (targ_laddr_hist || targ_raddr_hist) {
		key.family = sk->__sk_common.skc_family;
		if (key.family == AF_INET) {
			__u32 address = targ_laddr_hist ? inet->inet_saddr : sk->__sk_common.skc_daddr;

			__builtin_memcpy(key.addr, &address, sizeof(address));
		} else if (targ_laddr_hist) {
			BPF_CORE_READ_INTO(&key.addr, inet, pinet6, saddr.in6_u.u6_addr8);
		} else {
			BPF_CORE_READ_INTO(&key.addr, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
		}
	}
	hist = bpf_map_lookup_elem(&hists, &key);
	if (!hist) {
		bpf_map_update_elem(&hists, &key, &zero, BPF_NOEXIST);
		hist = bpf_map_lookup_elem(&hists, &key);
		if (!hist)
			return 0;
	}
	rtt = BPF_CORE_READ(ts, srtt_us) >> 3;
	if (targ_ms)
		rtt /= 1000U;
	slot = log2l(rtt);
	if (slot >= MAX_SLOTS)
		slot = MAX_SLOTS - 1;
	__sync_fetch_and_add(&hist->slots[slot], 1);
	__sync_fetch_and_add(&hist->latency, rtt);
	__sync_fetch_and_add(&hist->cnt, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
