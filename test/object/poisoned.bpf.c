/* A member that no kernel has, used without asking first. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct task_struct {
	int pid;
	int no_such_member;
} __attribute__((preserve_access_index));

int result = 0;

SEC("raw_tp/sys_enter")
int poisoned(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	result = BPF_CORE_READ(task, no_such_member);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
