/* Maps as they were defined before BTF. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct old_map_def {
	unsigned int type, key_size, value_size, max_entries, map_flags;
	unsigned int zero[2];
};

struct old_map_def SEC("maps") counts = {
	.type = BPF_MAP_TYPE_HASH,
	.key_size = 4,
	.value_size = 8,
	.max_entries = 10,
	.map_flags = BPF_F_NO_PREALLOC,
};

struct old_map_def SEC("maps") other = {
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = 4,
	.value_size = 8,
	.max_entries = 1,
};

SEC("socket")
int legacy(void *ctx)
{
	__u32 key = 5;
	__u64 value = 6;

	bpf_map_update_elem(&counts, &key, &value, BPF_ANY);
	key = 0;
	bpf_map_update_elem(&other, &key, &value, BPF_ANY);
	return 9;
}

char LICENSE[] SEC("license") = "GPL";
