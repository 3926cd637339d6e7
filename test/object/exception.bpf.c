/* A program that throws, and the function that answers then (Linux 6.7). */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

void bpf_throw(unsigned long long cookie) __ksym;

#define callback(name) __attribute__((btf_decl_tag("exception_callback:" #name)))

__attribute__((noinline)) int answer(unsigned long long cookie)
{
	return cookie + 40;
}

__attribute__((noinline)) static int check(unsigned int length)
{
	if (length > 10)
		bpf_throw(2);
	return 1;
}

SEC("tc")
callback(answer) int throwing(struct __sk_buff *skb)
{
	return check(skb->len);
}

char LICENSE[] SEC("license") = "GPL";
