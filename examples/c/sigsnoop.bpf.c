/* SPDX-License-Identifier: MIT */
/* Who sends which signal to whom, and what came of it: the entry of kill(2) is kept until its exit. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define MAX_ENTRIES 10240

struct sent {
	__u32 pid;
	__u32 tpid;
	int sig;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, __u32);
	__type(value, struct sent);
} values SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_kill")
int kill_entry(struct trace_event_raw_sys_enter *ctx)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u32 tid = id;
	struct sent event = {
		.pid = id >> 32,
		.tpid = (__u32)ctx->args[0],
		.sig = (int)ctx->args[1],
	};

	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_map_update_elem(&values, &tid, &event, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_kill")
int kill_exit(struct trace_event_raw_sys_exit *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct sent *event = bpf_map_lookup_elem(&values, &tid);

	if (!event)
		return 0;
	bpf_printk("PID %d (%s) sent signal %d ", event->pid, event->comm, event->sig);
	bpf_printk("to PID %d, ret = %d", event->tpid, ctx->ret);
	bpf_map_delete_elem(&values, &tid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
