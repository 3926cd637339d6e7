/* A function of another program, replaced. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("freplace/scaled")
int replacement(int value)
{
	return value + 1000;
}

char LICENSE[] SEC("license") = "GPL";
