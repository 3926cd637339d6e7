/* One of most things: maps, variables, sub-programs, a callback, configuration, CO-RE. */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *real_parent;
	char comm[16];
} __attribute__((preserve_access_index));

struct event {
	__u32 pid;
	__u32 ppid;
	__u64 count;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__type(key, __u32);
	__type(value, struct event);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 5000);
	__type(value, struct event);
} events SEC(".maps");

const volatile __u32 target_pid = 0;
const volatile bool verbose = false;
__u64 runs = 0;
static __u64 hidden_runs = 0;
int level = 7;
char greeting[8] = "hello";
long sum SEC(".data.sums");

extern int LINUX_KERNEL_VERSION __kconfig;
extern bool CONFIG_BPF __kconfig;
extern int CONFIG_NOT_THERE __kconfig __weak;

static long add(__u32 index, void *data)
{
	sum += index;
	return 0;
}

__attribute__((noinline)) static void note(struct event *e)
{
	/* Kernels before 6.2 take no memory of a ring buffer as a value. */
	struct event copy = *e;

	bpf_map_update_elem(&seen, &copy.pid, &copy, BPF_ANY);
	hidden_runs++;
}

__attribute__((noinline)) int scaled(int value)
{
	return value * level;
}

SEC("raw_tp/sys_enter")
int handle_enter(void *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct task_struct *task;
	struct event *e;

	if (target_pid && pid != target_pid)
		return 0;
	task = (void *)bpf_get_current_task();
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return 0;
	e->pid = pid;
	e->ppid = BPF_CORE_READ(task, real_parent, tgid);
	e->count = runs;
	__sync_fetch_and_add(&runs, 1);
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	note(e);
	bpf_ringbuf_submit(e, 0);
	return scaled(CONFIG_NOT_THERE);
}

/* Addresses of functions came with Linux 5.13. */
SEC("?socket")
int call_back(void *ctx)
{
	if (CONFIG_BPF && LINUX_KERNEL_VERSION > 0x050d00)
		bpf_loop(3, add, 0, 0);
	return sum;
}

SEC("?tp/sched/sched_process_exec")
int handle_exec(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
