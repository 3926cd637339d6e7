/* SPDX-License-Identifier: MIT */
/* Time in software interrupts, by their kind (0 HI, 1 TIMER, 2 NET_TX, 3 NET_RX, 4 BLOCK, …). */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bits.bpf.h"
#include "softirqs.h"

#define KINDS 16

/// @description nanoseconds instead of microseconds
const volatile bool targ_ns = false;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} start SEC(".maps");

/// @sample {"interval": 1000, "type" : "log2_hist"}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KINDS);
	__type(key, u32);
	__type(value, struct hist);
} hists SEC(".maps");

static struct hist zero;

SEC("tp_btf/softirq_entry")
int BPF_PROG(softirq_entry, unsigned int kind)
{
	u64 now = bpf_ktime_get_ns();
	u32 key = 0;

	bpf_map_update_elem(&start, &key, &now, BPF_ANY);
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(softirq_exit, unsigned int kind)
{
	u32 key = 0, which = kind;
	u64 *since = bpf_map_lookup_elem(&start, &key);
	struct hist *hist;
	u64 delta, slot;

	if (!since || !*since)
		return 0;
	delta = bpf_ktime_get_ns() - *since;
	if (!targ_ns)
		delta /= 1000U;
	hist = bpf_map_lookup_elem(&hists, &which);
	if (!hist) {
		bpf_map_update_elem(&hists, &which, &zero, BPF_NOEXIST);
		hist = bpf_map_lookup_elem(&hists, &which);
		if (!hist)
			return 0;
	}
	slot = log2l(delta);
	if (slot >= MAX_SLOTS)
		slot = MAX_SLOTS - 1;
	__sync_fetch_and_add(&hist->count, 1);
	__sync_fetch_and_add(&hist->total, delta);
	__sync_fetch_and_add(&hist->slots[slot], 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
