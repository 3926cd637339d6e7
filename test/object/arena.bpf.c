// Variables in an arena. `__arena` (address space 1) needs clang 19, so they are put where it puts them by hand, and
// the instruction that makes an arena's address one of the kernel is written as bytes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define IN_ARENA SEC(".addr_space.1")

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, 33); // BPF_MAP_TYPE_ARENA
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 8);
} arena SEC(".maps");

struct pair {
	long left;
	long right;
};

long total IN_ARENA = 7;
struct pair both IN_ARENA = { 40, 1 };
long many[700] IN_ARENA;
static long hidden IN_ARENA = 5;

/** r1 = addr_space_cast(r1, 0, 1) */
static __always_inline long *in_kernel(long *address)
{
	register long *r1 asm("r1") = address;
	asm volatile(".8byte 0x00000001000111bf" : "+r"(r1));
	return r1;
}

SEC("syscall") int sum(void *ctx)
{
	long *all = in_kernel(&total);
	*all += *in_kernel(&both.left);
	*in_kernel(&many[699]) = 9;
	long *own = in_kernel(&hidden);
	*own += 1;
	return *own + 40;
}
