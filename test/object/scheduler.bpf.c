/* A scheduler of all tasks that decides nothing, and counts: the kernel's defaults do the work. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct task_struct;

struct sched_ext_ops {
	void (*running)(struct task_struct *p);
	__s32 (*init)(void);
	__u64 flags;
	char name[128];
};

unsigned long long begun = 0;
unsigned long long ran = 0;

SEC("struct_ops/counting_running")
void BPF_PROG(counting_running, struct task_struct *p)
{
	__sync_fetch_and_add(&ran, 1);
}

SEC("struct_ops.s/counting_init")
__s32 BPF_PROG(counting_init)
{
	__sync_fetch_and_add(&begun, 1);
	return 0;
}

SEC(".struct_ops.link")
struct sched_ext_ops counting = {
	.running = (void *)counting_running,
	.init = (void *)counting_init,
	.name = "bpfkit_counting",
};

char LICENSE[] SEC("license") = "GPL";
