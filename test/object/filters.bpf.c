/* Two filters for one interface. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int first_filter(struct __sk_buff *skb)
{
	return -1;
}

SEC("tc")
int second_filter(struct __sk_buff *skb)
{
	return -1;
}

char LICENSE[] SEC("license") = "GPL";
