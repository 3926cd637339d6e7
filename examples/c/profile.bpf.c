/* SPDX-License-Identifier: MIT */
/* Where CPUs spend their time: the stacks of what runs, 49 times a second. Beside it: ../profile.ts. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "profile.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/// @description this process only
const volatile __u32 targ_tgid = 0;

/// @intepreter {"stack_trace": {"with_symbols": true}}
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("perf_event")
int profile(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct stacktrace_event *event;

	/* Idle, or not the one. */
	if (!pid || (targ_tgid && targ_tgid != pid))
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return 0;
	event->pid = pid;
	event->cpu_id = bpf_get_smp_processor_id();
	if (bpf_get_current_comm(event->comm, sizeof(event->comm)))
		event->comm[0] = 0;
	event->kstack_sz = bpf_get_stack(ctx, event->kstack, sizeof(event->kstack), 0);
	event->ustack_sz = bpf_get_stack(ctx, event->ustack, sizeof(event->ustack), BPF_F_USER_STACK);
	bpf_ringbuf_submit(event, 0);
	return 0;
}
