/* What another object uses. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;
extern int CONFIG_OF_NOBODY __kconfig __weak;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} shared SEC(".maps");

int before = 9;
int library_calls = 100;

static __attribute__((noinline)) int helper(int value)
{
	return value * 2 + CONFIG_OF_NOBODY;
}

__attribute__((noinline)) int library_add(int a, int b)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&shared, &zero);

	if (value)
		*value += 10;
	library_calls++;
	return helper(a + b) + (LINUX_KERNEL_VERSION ? 0 : 1);
}

char LICENSE[] SEC("license") = "GPL";
