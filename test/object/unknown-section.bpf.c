/* SEC names that nobody knows, and one that only some loaders accept. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("kprob/do_unlinkat")
int lost(void *ctx)
{
	return 0;
}

SEC("?socket/mine")
int lenient(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
