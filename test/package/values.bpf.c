/* Every kind of value: as an option, and as a member of an event. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "values.h"
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1<<16); } rb SEC(".maps");

/// @description the pid
/// @cmdarg {"short":"p","long":"pid","default":0}
const volatile int target_pid = 0;
const volatile __u8 o_u8 = 1;
const volatile s8 o_s8 = -1;
const volatile __u16 o_u16;
const volatile s16 o_s16;
const volatile __u32 o_u32; const volatile __s32 o_s32;
const volatile __u64 o_u64; const volatile __s64 o_s64;
const volatile size_t o_size; const volatile unsigned long o_ul; const volatile long o_l;
const volatile bool o_bool; const volatile bool o_on = true;
/// @cmdarg {"default": true, "help":"switch it off"}
const volatile bool o_def_on = true;
/// @cmdarg {"default": false}
const volatile bool o_def_off;
const volatile char o_char = 'c';
const volatile char o_name[16] = "dflt";
const volatile enum color o_color = GREEN;
const volatile enum big o_big = SMALL_ONE;
const volatile double o_double = 1.5;
const volatile float o_float;
const volatile __int128 o_i128; const volatile unsigned __int128 o_u128;
const volatile int o_arr[4];
const volatile struct inner o_struct;
static volatile const int hidden_static = 3;
__u64 counter; int datav = 5; 

SEC("tp/syscalls/sys_enter_getgid")
int on_enter(void *ctx)
{
	struct event *e;
	if (target_pid && target_pid != bpf_get_current_pid_tgid() >> 32) return 0;
	e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
	if (!e) return 0;
	__builtin_memset(e, 0, sizeof(*e));
	e->u8v = o_u8; e->s8v = o_s8; e->c = o_char; e->ok = o_bool; e->u16v = o_u16; e->s16v = o_s16; e->u32v = o_u32; e->s32v = o_s32; e->u64v = o_u64 ? o_u64 : ~0ull; e->s64v = o_s64;
	e->u128v = ~(unsigned __int128)0; e->s128v = -5;
	*(unsigned int *)&e->f = 0x3fc00000; *(unsigned long long *)&e->d = 0xc004000000000000ull;
	e->col = o_color; e->colbad = 99; e->big = HUGE_ONE; e->neg = MINUS;
	e->in.a = 3; __builtin_memcpy(e->in.name, "inn\"er", 7); e->in.un.u = 0x3f800000;
	e->pts[0].x = 1; e->pts[0].y = -2; e->pts[1].x = 3; e->pts[1].y = 4;
	e->arr[0]=1; e->arr[1]=-2; e->arr[2]=hidden_static; e->mac[0]=0xde; e->mac[5]=1; e->mat[1][0]=7;
	e->b1=1; e->b3=5; e->sb=-4; e->wide=0xffffffffffull;
	e->ptr=(void*)0xffff888000000000ull; e->anon1=11; e->anon3=12;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	__builtin_memcpy(e->full, "full", 4);
	bpf_ringbuf_submit(e, 0);
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
