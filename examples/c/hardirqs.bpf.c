/* SPDX-License-Identifier: MIT */
/* Time in interrupt handlers, by handler. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "bits.bpf.h"
#include "hardirqs.h"

#define MAX_ENTRIES 256

/// @description count handlers, do not time them
const volatile bool do_count = false;
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
	__uint(max_entries, MAX_ENTRIES);
	__type(key, struct irq_key);
	__type(value, struct info);
} infos SEC(".maps");

static struct info zero;

static __always_inline struct info *info_of(struct irqaction *action)
{
	struct irq_key key = {};
	struct info *info;

	bpf_probe_read_kernel_str(&key.name, sizeof(key.name), BPF_CORE_READ(action, name));
	info = bpf_map_lookup_elem(&infos, &key);
	if (info)
		return info;
	bpf_map_update_elem(&infos, &key, &zero, BPF_NOEXIST);
	return bpf_map_lookup_elem(&infos, &key);
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(irq_handler_entry, int irq, struct irqaction *action)
{
	u64 now = bpf_ktime_get_ns();
	struct info *info;
	u32 key = 0;

	if (!do_count) {
		bpf_map_update_elem(&start, &key, &now, BPF_ANY);
		return 0;
	}
	info = info_of(action);
	if (info)
		__sync_fetch_and_add(&info->count, 1);
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(irq_handler_exit, int irq, struct irqaction *action)
{
	u64 *since, delta, slot;
	struct info *info;
	u32 key = 0;

	if (do_count)
		return 0;
	since = bpf_map_lookup_elem(&start, &key);
	if (!since || !*since)
		return 0;
	delta = bpf_ktime_get_ns() - *since;
	if (!targ_ns)
		delta /= 1000U;
	info = info_of(action);
	if (!info)
		return 0;
	slot = log2l(delta);
	if (slot >= MAX_SLOTS)
		slot = MAX_SLOTS - 1;
	__sync_fetch_and_add(&info->count, 1);
	__sync_fetch_and_add(&info->slots[slot], 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
