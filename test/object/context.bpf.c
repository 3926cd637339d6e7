// Global functions that take the context of whoever calls them, each in a type of its own.
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>

#define CONTEXT __attribute__((btf_decl_tag("arg:ctx")))

char LICENSE[] SEC("license") = "GPL";

int hits = 0;
long length = 0;

__noinline int stack_of(void *ctx CONTEXT, int flags)
{
	char frames[64] = {};
	hits++;
	return bpf_get_stack(ctx, frames, sizeof(frames), flags) < 0;
}

__noinline int length_of(void *ctx CONTEXT)
{
	struct __sk_buff *packet = ctx;
	length = packet->len;
	return packet->len > 0;
}

SEC("raw_tp/sys_enter")
int traced(void *ctx)
{
	return stack_of(ctx, 0);
}

SEC("uprobe/libc.so.6:getgid")
int called(struct pt_regs *ctx)
{
	return stack_of(ctx, 0);
}

SEC("socket")
int received(struct __sk_buff *ctx)
{
	return length_of(ctx);
}
