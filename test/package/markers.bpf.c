/* SPDX-License-Identifier: MIT */
/* The arguments of a marker, as bpfkit's own usdt.bpf.h reads them. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/usdt.bpf.h>
#include "markers.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

SEC("usdt")
int BPF_USDT(plain, int number, long wide, const char *text, int constant)
{
	struct marker *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	event->number = number;
	event->wide = wide;
	event->constant = constant;
	event->count = bpf_usdt_arg_cnt(ctx);
	event->sizes[0] = bpf_usdt_arg_size(ctx, 0);
	event->sizes[1] = bpf_usdt_arg_size(ctx, 1);
	event->beyond = bpf_usdt_arg_size(ctx, 4);
	bpf_probe_read_user_str(event->text, sizeof(event->text), text);
	bpf_ringbuf_submit(event, 0);
	return 0;
}
