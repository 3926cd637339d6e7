/* Twenty programs that follow pointers of the task: every access is a relocation. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u64);
} sums SEC(".maps");

#define PROGRAM(number)                                                                          \
	SEC("raw_tp/sched_switch")                                                               \
	int program_##number(void *ctx)                                                          \
	{                                                                                        \
		struct task_struct *task = (struct task_struct *)bpf_get_current_task();         \
		u32 key = BPF_CORE_READ(task, real_parent, group_leader, tgid);                  \
		u64 sum = BPF_CORE_READ(task, mm, total_vm) + BPF_CORE_READ(task, start_time) +  \
			  BPF_CORE_READ(task, nsproxy, net_ns, ns.inum) +                        \
			  BPF_CORE_READ(task, files, fdt, max_fds) + number;                     \
		bpf_map_update_elem(&sums, &key, &sum, BPF_ANY);                                 \
		return 0;                                                                        \
	}

PROGRAM(1) PROGRAM(2) PROGRAM(3) PROGRAM(4) PROGRAM(5) PROGRAM(6) PROGRAM(7)
PROGRAM(8) PROGRAM(9) PROGRAM(10) PROGRAM(11) PROGRAM(12) PROGRAM(13) PROGRAM(14)
PROGRAM(15) PROGRAM(16) PROGRAM(17) PROGRAM(18) PROGRAM(19) PROGRAM(20)
