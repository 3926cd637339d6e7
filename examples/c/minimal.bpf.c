/* SPDX-License-Identifier: MIT */
/* Says each write of one process. `bpfkit run package.json --trace-pipe --pid_filter 618` */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/// @description the process to watch; 0: all
const volatile int pid_filter = 0;

SEC("tp/syscalls/sys_enter_write")
int handle_tp(void *ctx)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;

	if (pid_filter && pid != pid_filter)
		return 0;
	bpf_printk("BPF triggered sys_enter_write from PID %d.\n", pid);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
