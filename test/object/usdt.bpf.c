/* Markers of a program, with their arguments. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>

int hits = 0;
int count = 0;
long number = 0;
long wide = 0;
long constant = 0;
char text[16] = {};
long cookie = 0;
long guarded_value = 0;

SEC("usdt")
int plain(struct pt_regs *ctx)
{
	long address = 0;

	hits++;
	count = bpf_usdt_arg_cnt(ctx);
	cookie = bpf_usdt_cookie(ctx);
	bpf_usdt_arg(ctx, 0, &number);
	bpf_usdt_arg(ctx, 1, &wide);
	bpf_usdt_arg(ctx, 2, &address);
	bpf_usdt_arg(ctx, 3, &constant);
	bpf_probe_read_user_str(text, sizeof(text), (void *)address);
	return 0;
}

SEC("usdt")
int guarded(struct pt_regs *ctx)
{
	bpf_usdt_arg(ctx, 0, &guarded_value);
	return 0;
}

SEC("?usdt.s")
int sleepable(struct pt_regs *ctx)
{
	hits++;
	return 0;
}

SEC("?kprobe.multi/__x64_sys_clos?")
int many(struct pt_regs *ctx)
{
	hits++;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
