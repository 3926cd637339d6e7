/* SPDX-License-Identifier: MIT */
/* Random against sequential requests of each disk: a request is sequential if it begins where the last one ended. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "biopattern.h"

/// @description this device only (major << 20 | minor)
const volatile __u32 targ_dev = 0;

/// @sample {"interval": 1000, "type": "default_kv"}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, struct counter);
} counters SEC(".maps");

SEC("tracepoint/block/block_rq_complete")
int handle__block_rq_complete(struct trace_event_raw_block_rq_completion *ctx)
{
	struct counter *counter, zero = {};
	u64 sector = ctx->sector;
	u32 sectors = ctx->nr_sector, dev = ctx->dev;

	if (targ_dev && targ_dev != dev)
		return 0;
	counter = bpf_map_lookup_elem(&counters, &dev);
	if (!counter) {
		bpf_map_update_elem(&counters, &dev, &zero, BPF_NOEXIST);
		counter = bpf_map_lookup_elem(&counters, &dev);
		if (!counter)
			return 0;
	}
	if (counter->last_sector) {
		if (counter->last_sector == sector)
			__sync_fetch_and_add(&counter->sequential, 1);
		else
			__sync_fetch_and_add(&counter->random, 1);
		__sync_fetch_and_add(&counter->bytes, sectors * 512);
	}
	counter->last_sector = sector + sectors;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
