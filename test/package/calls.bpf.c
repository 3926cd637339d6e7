/* SPDX-License-Identifier: MIT */
/* Arguments of system calls, and of a kernel function that takes a struct by value. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

/// @description the user to look for
const volatile unsigned int user = 0;

SEC("ksyscall/kill")
int BPF_KSYSCALL(enter_kill, int pid, int number)
{
	bpf_printk("kill of %d by %d", pid, number);
	return 0;
}

SEC("kretsyscall/kill")
int BPF_KRETPROBE(exit_kill, int ret)
{
	bpf_printk("kill gave %d", ret);
	return 0;
}

SEC("fentry/from_kuid_munged")
int BPF_PROG2(by_value, struct user_namespace *, namespace, kuid_t, uid)
{
	if (uid.val == user)
		bpf_printk("from_kuid_munged of %u, level %d", uid.val, namespace->level);
	return 0;
}

SEC("fexit/from_kuid_munged")
int BPF_PROG2(result, struct user_namespace *, namespace, kuid_t, uid, uid_t, found)
{
	if (uid.val == user)
		bpf_printk("from_kuid_munged of %u gave %u, level %d, %s", uid.val, found, namespace->level, "by fexit");
	return 0;
}
