/* One program for each way to attach; each counts its runs. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

enum place {
	TRACEPOINT,
	RAW_TRACEPOINT,
	TYPED_TRACEPOINT,
	UPROBE,
	URETPROBE,
	PERF_EVENT,
	XDP,
	TC,
	CGROUP,
	KPROBE,
	KRETPROBE,
	KSYSCALL,
	FENTRY,
	FEXIT,
	LSM,
	KPROBE_MULTI,
	KRETPROBE_MULTI,
	KPROBE_SESSION,
	KRETSYSCALL,
	UPROBE_SLEEPABLE,
	URETPROBE_SLEEPABLE,
	UPROBE_MULTI,
	URETPROBE_MULTI,
	UPROBE_MULTI_SLEEPABLE,
	UPROBE_SESSION,
	FENTRY_SLEEPABLE,
	FEXIT_SLEEPABLE,
	LSM_SLEEPABLE,
	FMOD_RET,
	FSESSION,
	FENTRY_MULTI,
	FEXIT_MULTI,
	FSESSION_MULTI,
	RAW_TRACEPOINT_WRITABLE,
	TRACEPOINT_SLEEPABLE,
	RAW_TRACEPOINT_SLEEPABLE,
	TYPED_TRACEPOINT_SLEEPABLE,
	URETPROBE_MULTI_SLEEPABLE,
	UPROBE_SESSION_SLEEPABLE,
	FENTRY_TESTED,
	FEXIT_TESTED,
	FMOD_RET_TESTED,
	FSESSION_TESTED,
	FENTRY_MULTI_TESTED,
	FEXIT_MULTI_TESTED,
	FSESSION_MULTI_TESTED,
	SYSCALL,
	PLACES,
};

const volatile int target_pid = 0;
unsigned long long runs[PLACES] = {};

static __always_inline int count(enum place place)
{
	if (!target_pid || bpf_get_current_pid_tgid() >> 32 == target_pid)
		__sync_fetch_and_add(&runs[place], 1);
	return 0;
}

SEC("tp/syscalls/sys_enter_close")
int tracepoint(void *ctx)
{
	return count(TRACEPOINT);
}

SEC("raw_tp/sys_enter")
int raw_tracepoint(void *ctx)
{
	return count(RAW_TRACEPOINT);
}

/* The end of every test run of a program, whose errno may be changed (include/trace/events/bpf_test_run.h). */
SEC("raw_tp.w/bpf_test_finish")
int raw_tracepoint_writable(void *ctx)
{
	return count(RAW_TRACEPOINT_WRITABLE);
}

SEC("tp_btf/sys_exit")
int typed_tracepoint(void *ctx)
{
	return count(TYPED_TRACEPOINT);
}

SEC("?uprobe/libc.so.6:getgid")
int uprobe(void *ctx)
{
	return count(UPROBE);
}

SEC("?uretprobe/libc.so.6:getgid")
int uretprobe(void *ctx)
{
	return count(URETPROBE);
}

SEC("?perf_event")
int perf_event(void *ctx)
{
	__sync_fetch_and_add(&runs[PERF_EVENT], 1);
	return 0;
}

SEC("?xdp")
int xdp(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&runs[XDP], 1);
	return XDP_PASS;
}

SEC("?tc")
int tc(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&runs[TC], 1);
	return 0;
}

SEC("?cgroup_skb/egress")
int cgroup(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&runs[CGROUP], 1);
	return 1;
}

SEC("?kprobe/__x64_sys_close")
int kprobe(struct pt_regs *ctx)
{
	return count(KPROBE);
}

SEC("?kretprobe/__x64_sys_close")
int kretprobe(struct pt_regs *ctx)
{
	return count(KRETPROBE);
}

SEC("?ksyscall/close")
int ksyscall(struct pt_regs *ctx)
{
	return count(KSYSCALL);
}

SEC("?fentry/__x64_sys_close")
int fentry(void *ctx)
{
	return count(FENTRY);
}

SEC("?fexit/__x64_sys_close")
int fexit(void *ctx)
{
	return count(FEXIT);
}

SEC("?lsm/file_open")
int lsm(void *ctx)
{
	count(LSM);
	return 0;
}

SEC("?kprobe.multi/__x64_sys_clos?")
int kprobe_multi(void *ctx)
{
	return count(KPROBE_MULTI);
}

SEC("?kretprobe.multi/__x64_sys_clos?")
int kretprobe_multi(void *ctx)
{
	return count(KRETPROBE_MULTI);
}

SEC("?kprobe.session/__x64_sys_clos?")
int kprobe_session(void *ctx)
{
	return count(KPROBE_SESSION);
}

SEC("?kretsyscall/close")
int kretsyscall(void *ctx)
{
	return count(KRETSYSCALL);
}

SEC("?uprobe.s/libc.so.6:getgid")
int uprobe_sleepable(void *ctx)
{
	return count(UPROBE_SLEEPABLE);
}

SEC("?uretprobe.s/libc.so.6:getgid")
int uretprobe_sleepable(void *ctx)
{
	return count(URETPROBE_SLEEPABLE);
}

SEC("?uprobe.multi/libc.so.6:getgi?")
int uprobe_multi(void *ctx)
{
	return count(UPROBE_MULTI);
}

SEC("?uretprobe.multi/libc.so.6:getgi?")
int uretprobe_multi(void *ctx)
{
	return count(URETPROBE_MULTI);
}

SEC("?uprobe.multi.s/libc.so.6:getgi?")
int uprobe_multi_sleepable(void *ctx)
{
	return count(UPROBE_MULTI_SLEEPABLE);
}

SEC("?uprobe.session/libc.so.6:getgi?")
int uprobe_session(void *ctx)
{
	return count(UPROBE_SESSION);
}

SEC("?fentry.s/__x64_sys_close")
int fentry_sleepable(void *ctx)
{
	return count(FENTRY_SLEEPABLE);
}

SEC("?fexit.s/__x64_sys_close")
int fexit_sleepable(void *ctx)
{
	return count(FEXIT_SLEEPABLE);
}

SEC("?lsm.s/file_open")
int lsm_sleepable(void *ctx)
{
	return count(LSM_SLEEPABLE);
}

SEC("?fmod_ret/security_file_open")
int fmod_ret(void *ctx)
{
	return count(FMOD_RET);
}

SEC("?fsession/__x64_sys_close")
int fsession(void *ctx)
{
	return count(FSESSION);
}

SEC("?fentry.multi/__x64_sys_clos?")
int fentry_multi(void *ctx)
{
	return count(FENTRY_MULTI);
}

SEC("?fexit.multi/__x64_sys_clos?")
int fexit_multi(void *ctx)
{
	return count(FEXIT_MULTI);
}

SEC("?fsession.multi/__x64_sys_clos?")
int fsession_multi(void *ctx)
{
	return count(FSESSION_MULTI);
}

/* Tracepoints of system calls, which may fault and so may sleep (Linux 7.1). */
SEC("?tp.s/syscalls/sys_enter_close")
int tracepoint_sleepable(void *ctx)
{
	return count(TRACEPOINT_SLEEPABLE);
}

SEC("?raw_tp.s/sys_enter")
int raw_tracepoint_sleepable(void *ctx)
{
	return count(RAW_TRACEPOINT_SLEEPABLE);
}

SEC("?tp_btf.s/sys_exit")
int typed_tracepoint_sleepable(void *ctx)
{
	return count(TYPED_TRACEPOINT_SLEEPABLE);
}

SEC("?uretprobe.multi.s/libc.so.6:getgi?")
int uretprobe_multi_sleepable(void *ctx)
{
	return count(URETPROBE_MULTI_SLEEPABLE);
}

SEC("?uprobe.session.s/libc.so.6:getgi?")
int uprobe_session_sleepable(void *ctx)
{
	return count(UPROBE_SESSION_SLEEPABLE);
}

/* What a test run of a tracing program calls; the kernel says of it that programs may sleep there (Linux 6.3). */
#define tested(section, name, place)                                                                                   \
	SEC("?" section "/bpf_fentry_test1")                                                                           \
	int name(void *ctx)                                                                                            \
	{                                                                                                              \
		return count(place);                                                                                   \
	}

tested("fentry.s", fentry_tested, FENTRY_TESTED)
tested("fexit.s", fexit_tested, FEXIT_TESTED)
tested("fmod_ret.s", fmod_ret_tested, FMOD_RET_TESTED)
tested("fsession.s", fsession_tested, FSESSION_TESTED)
tested("fentry.multi.s", fentry_multi_tested, FENTRY_MULTI_TESTED)
tested("fexit.multi.s", fexit_multi_tested, FEXIT_MULTI_TESTED)
tested("fsession.multi.s", fsession_multi_tested, FSESSION_MULTI_TESTED)

SEC("?syscall")
int syscall_program(void *ctx)
{
	return count(SYSCALL) + 42;
}

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
} __attribute__((preserve_access_index));

static __always_inline int write_line(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	char line[] = "task\n";

	bpf_seq_write(seq, line, sizeof(line) - 1);
	return 0;
}

SEC("?iter/task")
int iterator(struct bpf_iter__task *ctx)
{
	return write_line(ctx);
}

SEC("?iter.s/task")
int iterator_sleepable(struct bpf_iter__task *ctx)
{
	return write_line(ctx);
}

char LICENSE[] SEC("license") = "GPL";
