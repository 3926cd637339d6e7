/* A program with a global function, which another object may replace. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__attribute__((noinline)) int scaled(int value)
{
	volatile int doubled = value * 2;

	return doubled;
}

SEC("socket")
int scale(struct __sk_buff *skb)
{
	return scaled(skb->len);
}

char LICENSE[] SEC("license") = "GPL";
