/* SPDX-License-Identifier: MIT */
/*
 * Arguments of user-space markers (USDT). Where each argument lies is written in the traced program's notes and
 * differs from place to place; the loader takes the notes apart and puts what it found into the two maps below, in
 * the layout that libbpf's loader uses too. SEC("usdt/PATH:PROVIDER:NAME").
 */
#pragma once

#include "bpf_helpers.h"
#include "bpf_tracing.h"

#ifndef BPF_USDT_MAX_SPEC_CNT
#define BPF_USDT_MAX_SPEC_CNT 256
#endif
#ifndef BPF_USDT_MAX_IP_CNT
#define BPF_USDT_MAX_IP_CNT (4 * BPF_USDT_MAX_SPEC_CNT)
#endif

#ifndef ESRCH
#define ESRCH 3
#endif
#ifndef ENOENT
#define ENOENT 2
#endif

enum __bpf_usdt_arg_type {
	BPF_USDT_ARG_CONST,
	BPF_USDT_ARG_REG,
	BPF_USDT_ARG_REG_DEREF,
	BPF_USDT_ARG_SIB, /* base register + index register * scale + offset */
};

struct __bpf_usdt_arg_spec {
	__u64 val_off;                     /* the constant, or the offset from the register */
	enum __bpf_usdt_arg_type arg_type : 8;
	__u16 idx_reg_off : 12;            /* in struct pt_regs */
	__u16 scale_bitshift : 4;
	short reg_off;                     /* in struct pt_regs */
	_Bool arg_signed;
	char arg_bitshift;                 /* 64 - 8 * size: narrow arguments are shifted left and back */
};

#define BPF_USDT_MAX_ARG_CNT 12

struct __bpf_usdt_spec {
	struct __bpf_usdt_arg_spec args[BPF_USDT_MAX_ARG_CNT];
	__u64 usdt_cookie;
	short arg_cnt;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BPF_USDT_MAX_SPEC_CNT);
	__type(key, int);
	__type(value, struct __bpf_usdt_spec);
} __bpf_usdt_specs SEC(".maps") __weak;

/* Only for kernels without cookies (before 5.15): from the address of the marker to its specification. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BPF_USDT_MAX_IP_CNT);
	__type(key, long);
	__type(value, __u32);
} __bpf_usdt_ip_to_spec_id SEC(".maps") __weak;

extern const _Bool LINUX_HAS_BPF_COOKIE __kconfig;

static __always_inline int __bpf_usdt_spec_id(struct pt_regs *ctx)
{
	if (!LINUX_HAS_BPF_COOKIE) {
		long ip = PT_REGS_IP(ctx);
		int *found = bpf_map_lookup_elem(&__bpf_usdt_ip_to_spec_id, &ip);

		return found ? *found : -ESRCH;
	}
	return bpf_get_attach_cookie(ctx);
}

static __always_inline struct __bpf_usdt_spec *__bpf_usdt_find_spec(struct pt_regs *ctx)
{
	int id = __bpf_usdt_spec_id(ctx);

	return id < 0 ? NULL : bpf_map_lookup_elem(&__bpf_usdt_specs, &id);
}

/* How many arguments the marker has, or a negative error. */
__weak __hidden int bpf_usdt_arg_cnt(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec = __bpf_usdt_find_spec(ctx);

	return spec ? spec->arg_cnt : -ESRCH;
}

/* Bytes of an argument (1, 2, 4 or 8), or a negative error. */
__weak __hidden int bpf_usdt_arg_size(struct pt_regs *ctx, __u64 arg_num)
{
	struct __bpf_usdt_spec *spec = __bpf_usdt_find_spec(ctx);

	if (!spec)
		return -ESRCH;
	if (arg_num >= BPF_USDT_MAX_ARG_CNT)
		return -ENOENT;
	barrier_var(arg_num);
	if (arg_num >= (__u64)spec->arg_cnt)
		return -ENOENT;
	return (64 - (unsigned int)spec->args[arg_num].arg_bitshift) >> 3;
}

/* Reads argument `arg_num`, from 0, into `*res` as a 64-bit number; 0 or a negative error. */
__weak __hidden int bpf_usdt_arg(struct pt_regs *ctx, __u64 arg_num, long *res)
{
	struct __bpf_usdt_arg_spec *arg;
	struct __bpf_usdt_spec *spec;
	unsigned long value, index;
	int error;

	*res = 0;
	spec = __bpf_usdt_find_spec(ctx);
	if (!spec)
		return -ESRCH;
	if (arg_num >= BPF_USDT_MAX_ARG_CNT)
		return -ENOENT;
	barrier_var(arg_num);
	if (arg_num >= (__u64)spec->arg_cnt)
		return -ENOENT;
	arg = &spec->args[arg_num];
	if (arg->arg_type == BPF_USDT_ARG_CONST) {
		value = arg->val_off;
	} else {
		error = bpf_probe_read_kernel(&value, sizeof(value), (void *)ctx + arg->reg_off);
		if (error)
			return error;
		if (arg->arg_type == BPF_USDT_ARG_SIB) {
			error = bpf_probe_read_kernel(&index, sizeof(index), (void *)ctx + arg->idx_reg_off);
			if (error)
				return error;
			value += index << arg->scale_bitshift;
		}
		if (arg->arg_type != BPF_USDT_ARG_REG) {
			error = bpf_probe_read_user(&value, sizeof(value), (void *)value + arg->val_off);
			if (error)
				return error;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
			value >>= arg->arg_bitshift;
#endif
		}
	}
	value <<= arg->arg_bitshift;
	if (arg->arg_signed)
		value = ((long)value) >> arg->arg_bitshift;
	else
		value = value >> arg->arg_bitshift;
	*res = value;
	return 0;
}

/* What was given when the program was attached; 0 without. */
__weak __hidden long bpf_usdt_cookie(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec = __bpf_usdt_find_spec(ctx);

	return spec ? spec->usdt_cookie : 0;
}

#define ___bpf_usdt_value(ctx, n) ({ long ___x; bpf_usdt_arg(ctx, n, &___x); (void *)___x; })
#define ___bpf_usdt_args0() ctx
#define ___bpf_usdt_args1(p1) ctx, ___bpf_usdt_value(ctx, 0)
#define ___bpf_usdt_args2(p1, p2) ctx, ___bpf_usdt_value(ctx, 0), ___bpf_usdt_value(ctx, 1)
#define ___bpf_usdt_args3(p1, p2, p3) ctx, ___bpf_usdt_value(ctx, 0), ___bpf_usdt_value(ctx, 1), ___bpf_usdt_value(ctx, 2)
#define ___bpf_usdt_args4(p1, p2, p3, p4) ctx, ___bpf_usdt_value(ctx, 0), ___bpf_usdt_value(ctx, 1), ___bpf_usdt_value(ctx, 2), ___bpf_usdt_value(ctx, 3)
#define ___bpf_usdt_args5(p1, p2, p3, p4, p5) ctx, ___bpf_usdt_value(ctx, 0), ___bpf_usdt_value(ctx, 1), ___bpf_usdt_value(ctx, 2), ___bpf_usdt_value(ctx, 3), ___bpf_usdt_value(ctx, 4)
#define ___bpf_usdt_args6(p1, p2, p3, p4, p5, p6) ctx, ___bpf_usdt_value(ctx, 0), ___bpf_usdt_value(ctx, 1), ___bpf_usdt_value(ctx, 2), ___bpf_usdt_value(ctx, 3), ___bpf_usdt_value(ctx, 4), ___bpf_usdt_value(ctx, 5)
#define ___bpf_usdt_args7(p1, p2, p3, p4, p5, p6, p7) ctx, ___bpf_usdt_value(ctx, 0), ___bpf_usdt_value(ctx, 1), ___bpf_usdt_value(ctx, 2), ___bpf_usdt_value(ctx, 3), ___bpf_usdt_value(ctx, 4), ___bpf_usdt_value(ctx, 5), ___bpf_usdt_value(ctx, 6)
#define ___bpf_usdt_args8(p1, p2, p3, p4, p5, p6, p7, p8) ctx, ___bpf_usdt_value(ctx, 0), ___bpf_usdt_value(ctx, 1), ___bpf_usdt_value(ctx, 2), ___bpf_usdt_value(ctx, 3), ___bpf_usdt_value(ctx, 4), ___bpf_usdt_value(ctx, 5), ___bpf_usdt_value(ctx, 6), ___bpf_usdt_value(ctx, 7)
#define ___bpf_usdt_args9(p1, p2, p3, p4, p5, p6, p7, p8, p9) ctx, ___bpf_usdt_value(ctx, 0), ___bpf_usdt_value(ctx, 1), ___bpf_usdt_value(ctx, 2), ___bpf_usdt_value(ctx, 3), ___bpf_usdt_value(ctx, 4), ___bpf_usdt_value(ctx, 5), ___bpf_usdt_value(ctx, 6), ___bpf_usdt_value(ctx, 7), ___bpf_usdt_value(ctx, 8)
#define ___bpf_usdt_args10(p1, p2, p3, p4, p5, p6, p7, p8, p9, p10) ctx, ___bpf_usdt_value(ctx, 0), ___bpf_usdt_value(ctx, 1), ___bpf_usdt_value(ctx, 2), ___bpf_usdt_value(ctx, 3), ___bpf_usdt_value(ctx, 4), ___bpf_usdt_value(ctx, 5), ___bpf_usdt_value(ctx, 6), ___bpf_usdt_value(ctx, 7), ___bpf_usdt_value(ctx, 8), ___bpf_usdt_value(ctx, 9)
#define ___bpf_usdt_args11(p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11) ctx, ___bpf_usdt_value(ctx, 0), ___bpf_usdt_value(ctx, 1), ___bpf_usdt_value(ctx, 2), ___bpf_usdt_value(ctx, 3), ___bpf_usdt_value(ctx, 4), ___bpf_usdt_value(ctx, 5), ___bpf_usdt_value(ctx, 6), ___bpf_usdt_value(ctx, 7), ___bpf_usdt_value(ctx, 8), ___bpf_usdt_value(ctx, 9), ___bpf_usdt_value(ctx, 10)
#define ___bpf_usdt_args12(p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12) ctx, ___bpf_usdt_value(ctx, 0), ___bpf_usdt_value(ctx, 1), ___bpf_usdt_value(ctx, 2), ___bpf_usdt_value(ctx, 3), ___bpf_usdt_value(ctx, 4), ___bpf_usdt_value(ctx, 5), ___bpf_usdt_value(ctx, 6), ___bpf_usdt_value(ctx, 7), ___bpf_usdt_value(ctx, 8), ___bpf_usdt_value(ctx, 9), ___bpf_usdt_value(ctx, 10), ___bpf_usdt_value(ctx, 11)
#define ___bpf_usdt_args(args...) ___bpf_apply(___bpf_usdt_args, ___bpf_narg(args))(args)

#define BPF_USDT(name, args...) ___bpf_body(name, ___bpf_usdt_args(args), struct pt_regs *ctx, ##args)
