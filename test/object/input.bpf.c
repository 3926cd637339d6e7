/* What an input device sends: counted, and changed. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct hid_bpf_ctx;

enum hid_report_type {
	HID_INPUT_REPORT,
};

struct hid_bpf_ops {
	int hid_id;
	__u32 flags;
	int (*hid_device_event)(struct hid_bpf_ctx *device, enum hid_report_type report_type, __u64 source);
};

unsigned long long events = 0;

SEC("struct_ops/count_event")
int BPF_PROG(count_event, struct hid_bpf_ctx *device, enum hid_report_type report_type, __u64 source)
{
	__sync_fetch_and_add(&events, 1);
	return 0;
}

SEC(".struct_ops.link")
struct hid_bpf_ops counted = {
	.hid_device_event = (void *)count_event,
};

char LICENSE[] SEC("license") = "GPL";
