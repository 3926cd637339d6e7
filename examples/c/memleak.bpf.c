/* SPDX-License-Identifier: MIT */
/*
 * Memory of libc's allocator that was taken and not given back, by the stack that took it. Each allocator is a pair
 * of probes: the size at the entry, the address at the return.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "memleak.h"

#define ALLOCS_MAX_ENTRIES 1000000
#define COMBINED_ALLOCS_MAX_ENTRIES 10240
#define STACK_DEPTH 127

/// @description smallest allocation to look at
const volatile size_t min_size = 0;
/// @description largest allocation to look at
const volatile size_t max_size = -1;
/// @description look at one of so many allocations
const volatile __u64 sample_rate = 1;
/// @description this process only
const volatile pid_t target_pid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, u64);
} sizes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ALLOCS_MAX_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct alloc_info);
} allocs SEC(".maps");

/// @sample {"interval": 5000, "type": "default_kv"}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, COMBINED_ALLOCS_MAX_ENTRIES);
	__type(key, u64);
	__type(value, struct combined);
} combined_allocs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, COMBINED_ALLOCS_MAX_ENTRIES);
	__uint(key_size, sizeof(u32));
	__uint(value_size, STACK_DEPTH * sizeof(u64));
} stack_traces SEC(".maps");

static struct combined none;

static int enter(size_t size)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 wanted = size;

	if (target_pid && target_pid != bpf_get_current_pid_tgid() >> 32)
		return 0;
	if (size < min_size || size > max_size)
		return 0;
	if (sample_rate > 1 && bpf_ktime_get_ns() % sample_rate != 0)
		return 0;
	bpf_map_update_elem(&sizes, &tid, &wanted, BPF_ANY);
	return 0;
}

static void count(u64 stack, s64 size, s64 number)
{
	struct combined *sum = bpf_map_lookup_elem(&combined_allocs, &stack);

	if (!sum) {
		bpf_map_update_elem(&combined_allocs, &stack, &none, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(&combined_allocs, &stack);
		if (!sum)
			return;
	}
	__sync_fetch_and_add(&sum->total_size, size);
	__sync_fetch_and_add(&sum->number_of_allocs, number);
}

static int leave(struct pt_regs *ctx, u64 address)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *size = bpf_map_lookup_elem(&sizes, &tid);
	struct alloc_info info = {};

	if (!size)
		return 0;
	info.size = *size;
	bpf_map_delete_elem(&sizes, &tid);
	if (!address)
		return 0;
	info.timestamp_ns = bpf_ktime_get_ns();
	info.stack_id = bpf_get_stackid(ctx, &stack_traces, BPF_F_USER_STACK);
	bpf_map_update_elem(&allocs, &address, &info, BPF_ANY);
	count(info.stack_id, info.size, 1);
	return 0;
}

static int give_back(u64 address)
{
	struct alloc_info *info = bpf_map_lookup_elem(&allocs, &address);

	if (!info)
		return 0;
	count(info->stack_id, -(s64)info->size, -1);
	bpf_map_delete_elem(&allocs, &address);
	return 0;
}

SEC("uprobe/libc.so.6:malloc")
int BPF_UPROBE(malloc_enter, size_t size)
{
	return enter(size);
}

SEC("uretprobe/libc.so.6:malloc")
int BPF_URETPROBE(malloc_exit, void *address)
{
	return leave(ctx, (u64)address);
}

SEC("uprobe/libc.so.6:calloc")
int BPF_UPROBE(calloc_enter, size_t number, size_t size)
{
	return enter(number * size);
}

SEC("uretprobe/libc.so.6:calloc")
int BPF_URETPROBE(calloc_exit, void *address)
{
	return leave(ctx, (u64)address);
}

SEC("uprobe/libc.so.6:realloc")
int BPF_UPROBE(realloc_enter, void *old, size_t size)
{
	give_back((u64)old);
	return enter(size);
}

SEC("uretprobe/libc.so.6:realloc")
int BPF_URETPROBE(realloc_exit, void *address)
{
	return leave(ctx, (u64)address);
}

SEC("uprobe/libc.so.6:free")
int BPF_UPROBE(free_enter, void *address)
{
	return give_back((u64)address);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
