/* SPDX-License-Identifier: MIT */
/* Lines that people type into bash, taken from the return value of its readline. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define LINE_SIZE 80

SEC("uretprobe//bin/bash:readline")
int BPF_URETPROBE(printret, const void *ret)
{
	char line[LINE_SIZE];
	char comm[16];
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (!ret)
		return 0;
	bpf_get_current_comm(&comm, sizeof(comm));
	if (bpf_probe_read_user_str(line, sizeof(line), ret) < 0)
		return 0;
	bpf_printk("PID %d (%s) read: %s ", pid, comm, line);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
