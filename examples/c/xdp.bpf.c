/* SPDX-License-Identifier: MIT */
/* The size of every packet that comes in through loopback. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

/// @ifindex 1
/// @flags 0
/// @xdpopts {"old_prog_fd":0}
SEC("xdp")
int xdp_pass(struct xdp_md *ctx)
{
	bpf_printk("packet size is %d", (int)(ctx->data_end - ctx->data));
	return XDP_PASS;
}

char __license[] SEC("license") = "GPL";
