/* Maps that speak in every way, several at once. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct a_event { int pid; char comm[16]; };
struct b_event { u64 ts; u32 kind; char text[32]; };
struct myhist { u64 total; u32 slots[10]; char comm[16]; };
struct mykey { u32 a; u32 b; };
const struct a_event *unused1 __attribute__((unused)); const struct b_event *unused2 __attribute__((unused));
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096*4); __type(value, struct a_event); } as SEC(".maps");
/* perf buffer without type */
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } bs SEC(".maps");
/// @sample {"interval": 400, "type": "log2_hist", "unit": "usecs", "clear_map": true}
struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 16); __type(key, struct mykey); __type(value, struct myhist); } hists SEC(".maps");
/**
 * the linear one
 * @sample {"interval": 400, "type": "linear_hist", "clear_map": true}
 */
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, u32); __type(value, struct myhist); } lin SEC(".maps");
/** @sample {"interval": 400} */
struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 16); __type(key, u32); __type(value, u64); } counts SEC(".maps");
//! @sample {"interval": 400, "type":"default_kv"}
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH); /* inside */
	__uint(max_entries, 16); // x
	__type(key, struct mykey);
	__type(value, u64);
} kv SEC(".maps");

const volatile int target_pid = 0;

/// counts
/// @flag called when
SEC("tp/syscalls/sys_enter_getgid")
int on_enter(void *ctx)
{
	struct b_event b = {};
	struct a_event *a = bpf_ringbuf_reserve(&as, sizeof(*a), 0);
	struct mykey k = {1, 2}; u32 zero = 0, one = 1; u64 v = 1;
	struct myhist h = {}, *hp;
	if (target_pid != bpf_get_current_pid_tgid() >> 32) { if (a) bpf_ringbuf_discard(a, 0); return 0; }
	if (a) { a->pid = bpf_get_current_pid_tgid() >> 32; bpf_get_current_comm(a->comm, 16); bpf_ringbuf_submit(a, 0); }
	b.ts = 0xffffffffffffffffull; b.kind = 3; __builtin_memcpy(b.text, "esc\033[31m\n|", 10);
	bpf_perf_event_output(ctx, &bs, BPF_F_CURRENT_CPU, &b, sizeof(b));
	h.slots[3] = 5; h.slots[4] = 10; h.total = 15; bpf_get_current_comm(h.comm, 16);
	bpf_map_update_elem(&hists, &k, &h, 0);
	hp = bpf_map_lookup_elem(&lin, &one); if (hp) { hp->slots[2] = 3; hp->slots[5]=1; }
	bpf_map_update_elem(&counts, &one, &v, 0);
	bpf_map_update_elem(&kv, &k, &v, 0);
	return 0;
}
/** @brief   does many things
 *  @details a longer
 *  text over lines
 *  @version 2.1.0 */
char LICENSE[] SEC("license") = "GPL";
