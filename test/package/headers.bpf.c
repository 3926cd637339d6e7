/* SPDX-License-Identifier: MIT */
/* Every macro of bpfkit's BPF headers once: compiled by each clang with all warnings, never run. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(pinning, LIBBPF_PIN_NONE);
	__type(key, __u32);
	__type(value, __u64);
} hash SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} one SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [1] = &one } };

struct task_struct___before {
	long state;
} __attribute__((preserve_access_index));

enum answers { YES = 1, NO = 2 };

static __noinline int reads(struct task_struct *task)
{
	struct task_struct___before *before = (void *)task;
	char name[16];
	pid_t parent = 0;
	int total = 0;

	total += BPF_CORE_READ(task, real_parent, tgid);
	BPF_CORE_READ_INTO(&parent, task, real_parent, pid);
	BPF_CORE_READ_STR_INTO(&name, task, real_parent, comm);
	total += BPF_PROBE_READ(task, real_parent, tgid) + parent + name[0];
	BPF_PROBE_READ_INTO(&parent, task, real_parent, pid);
	total += bpf_core_field_exists(task->__state) ? 1 : (int)BPF_CORE_READ(before, state);
	total += bpf_core_field_exists(struct task_struct, pid);
	total += bpf_core_field_size(task->comm) + bpf_core_field_offset(struct task_struct, comm);
	total += bpf_core_type_exists(struct task_struct) + bpf_core_type_size(struct task_struct);
	total += bpf_core_type_matches(struct task_struct___before);
	total += bpf_core_type_id_local(struct task_struct) + bpf_core_type_id_kernel(struct task_struct);
	total += bpf_core_enum_value_exists(enum answers, YES) + bpf_core_enum_value(enum answers, NO);
	total += BPF_CORE_READ_BITFIELD_PROBED(task, sched_remote_wakeup);
	total += bpf_core_read(&parent, sizeof(parent), &task->pid);
	return total;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(typed, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u16 port = bpf_htons(80) + bpf_ntohs(1);
	__u32 address = bpf_htonl(1) + bpf_ntohl(2);
	__u64 wide = bpf_cpu_to_be64(1) + bpf_be64_to_cpu(2);
	int sum = 0, i;

	bpf_for(i, 0, 10)
		sum += i;
	bpf_printk("one %d", reads(prev));
	bpf_printk("four %d %d %llu %d", port, address, wide, preempt);
	return sum + BPF_CORE_READ_BITFIELD(next, sched_remote_wakeup);
}

SEC("fentry/from_kuid_munged")
int BPF_PROG2(by_value, struct user_namespace *, namespace, kuid_t, uid)
{
	return namespace->level + uid.val;
}

SEC("kprobe/do_unlinkat")
int BPF_KPROBE(entry, int dfd, struct filename *name)
{
	return dfd + (name != NULL) + PT_REGS_PARM3(ctx) + PT_REGS_IP(ctx) + PT_REGS_SP(ctx) + PT_REGS_FP(ctx);
}

SEC("kretprobe/do_unlinkat")
int BPF_KRETPROBE(returned, long ret)
{
	return ret + PT_REGS_RC(ctx) + PT_REGS_RC_CORE(ctx) + PT_REGS_PARM1_CORE(ctx);
}

SEC("ksyscall/kill")
int BPF_KSYSCALL(entered, int pid, int number)
{
	return pid + number;
}

SEC("uprobe")
int BPF_UPROBE(user, const char *text, long number)
{
	return (text != NULL) + number;
}

SEC("uretprobe")
int BPF_URETPROBE(user_returned, int ret)
{
	return ret;
}

SEC("usdt")
int BPF_USDT(marker, int number, const char *text)
{
	return number + (text != NULL) + bpf_usdt_cookie(ctx);
}

SEC("iter/task")
int walk(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	char text[32];

	if (!ctx->task)
		return 0;
	BPF_SEQ_PRINTF(seq, "%d %s\n", ctx->task->pid, ctx->task->comm);
	BPF_SNPRINTF(text, sizeof(text), "%d", ctx->task->pid);
	return text[0] == 0;
}
