/* SPDX-License-Identifier: MIT */
/* How long tasks wait for a processor: from the wake-up to the switch that gives them one. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "bits.bpf.h"
#include "runqlat.h"

#define MAX_ENTRIES 10240
#define TASK_RUNNING 0

const volatile bool targ_per_process = false;
const volatile bool targ_per_thread = false;
const volatile bool targ_ms = false;
/// @description trace this process only
const volatile pid_t targ_tgid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, u32);
	__type(value, u64);
} start SEC(".maps");

static struct hist zero;

/// @sample {"interval": 1000, "type" : "log2_hist"}
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, u32);
	__type(value, struct hist);
} hists SEC(".maps");

static int trace_enqueue(struct task_struct *task)
{
	u32 tgid = BPF_CORE_READ(task, tgid);
	u32 pid = BPF_CORE_READ(task, pid);
	u64 now;

	if (!pid || (targ_tgid && targ_tgid != (pid_t)tgid))
		return 0;
	now = bpf_ktime_get_ns();
	bpf_map_update_elem(&start, &pid, &now, BPF_ANY);
	return 0;
}

/* Renamed and made unsigned in 5.14. */
struct task_struct___o {
	volatile long state;
} __attribute__((preserve_access_index));

static __always_inline __s64 state_of(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state);
	return BPF_CORE_READ((struct task_struct___o *)task, state);
}

SEC("raw_tp/sched_wakeup")
int BPF_PROG(handle_sched_wakeup, struct task_struct *task)
{
	return trace_enqueue(task);
}

SEC("raw_tp/sched_wakeup_new")
int BPF_PROG(handle_sched_wakeup_new, struct task_struct *task)
{
	return trace_enqueue(task);
}

SEC("raw_tp/sched_switch")
int BPF_PROG(handle_sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct hist *hist;
	u32 pid, key = -1;
	u64 *since, slot;
	s64 waited;

	/* Who loses the processor while it could still run waits again. */
	if (state_of(prev) == TASK_RUNNING)
		trace_enqueue(prev);
	pid = BPF_CORE_READ(next, pid);
	since = bpf_map_lookup_elem(&start, &pid);
	if (!since)
		return 0;
	waited = bpf_ktime_get_ns() - *since;
	if (waited < 0)
		goto done;
	if (targ_per_process)
		key = BPF_CORE_READ(next, tgid);
	else if (targ_per_thread)
		key = pid;
	hist = bpf_map_lookup_elem(&hists, &key);
	if (!hist) {
		bpf_map_update_elem(&hists, &key, &zero, BPF_NOEXIST);
		hist = bpf_map_lookup_elem(&hists, &key);
		if (!hist)
			goto done;
		bpf_probe_read_kernel_str(&hist->comm, sizeof(hist->comm), next->comm);
	}
	waited = (u64)waited / (targ_ms ? 1000000U : 1000U);
	slot = log2l(waited);
	if (slot >= MAX_SLOTS)
		slot = MAX_SLOTS - 1;
	__sync_fetch_and_add(&hist->slots[slot], 1);
done:
	bpf_map_delete_elem(&start, &pid);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
