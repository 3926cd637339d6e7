/* SPDX-License-Identifier: MIT */
/* Refuses connections to one IPv4 address: 1.1.1.1 unless told otherwise. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define EPERM 1
#define AF_INET 2

/// @description the address to refuse, as a number in network order
const volatile __u32 blocked = 16843009;

SEC("lsm/socket_connect")
int BPF_PROG(restrict_connect, struct socket *sock, struct sockaddr *address, int addrlen, int ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	__u32 dest;

	/* Another security module has said no already. */
	if (ret)
		return ret;
	if (address->sa_family != AF_INET)
		return 0;
	dest = in->sin_addr.s_addr;
	bpf_printk("lsm: found connect to %d", dest);
	if (dest != blocked)
		return 0;
	bpf_printk("lsm: blocking %d", dest);
	return -EPERM;
}
