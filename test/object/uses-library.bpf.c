/* Uses what another object defines. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int library_calls;
extern int library_add(int a, int b);
extern int LINUX_KERNEL_VERSION __kconfig;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} shared SEC(".maps");

int own = 5;

static __attribute__((noinline)) int helper(int value)
{
	return value + own;
}

SEC("socket")
int run(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&shared, &zero);

	if (value)
		*value += 1;
	if (!LINUX_KERNEL_VERSION)
		return 0;
	return helper(library_add(skb->len, 7)) + library_calls;
}

char LICENSE[] SEC("license") = "GPL";
