/* SPDX-License-Identifier: MIT */
/* Arguments of traced functions by machine, and programs written as functions of those arguments. */
#pragma once

#include "bpf_helpers.h"

/*
 * Registers that carry arguments. `vmlinux.h` names them as the kernel does, <asm/ptrace.h> as user space does.
 * x86_64: System V ABI, system calls take the fourth argument in r10. arm64: AAPCS64.
 */
#if !defined(__TARGET_ARCH_x86) && !defined(__TARGET_ARCH_arm64) && !defined(__TARGET_ARCH_riscv)
#if defined(__x86_64__)
#define __TARGET_ARCH_x86
#elif defined(__aarch64__)
#define __TARGET_ARCH_arm64
#elif defined(__riscv)
#define __TARGET_ARCH_riscv
#endif
#endif

#if defined(__TARGET_ARCH_x86)

#define ___pt_regs_type struct pt_regs
#if defined(__KERNEL__) || defined(__VMLINUX_H__)
#define ___reg_p1 di
#define ___reg_p2 si
#define ___reg_p3 dx
#define ___reg_p4 cx
#define ___reg_p5 r8
#define ___reg_p6 r9
#define ___reg_s4 r10
#define ___reg_ret sp
#define ___reg_fp bp
#define ___reg_rc ax
#define ___reg_sp sp
#define ___reg_ip ip
#else
#define ___reg_p1 rdi
#define ___reg_p2 rsi
#define ___reg_p3 rdx
#define ___reg_p4 rcx
#define ___reg_p5 r8
#define ___reg_p6 r9
#define ___reg_s4 r10
#define ___reg_ret rsp
#define ___reg_fp rbp
#define ___reg_rc rax
#define ___reg_sp rsp
#define ___reg_ip rip
#endif
#define ___reg_s1 ___reg_p1
#define ___reg_s2 ___reg_p2
#define ___reg_s3 ___reg_p3
#define ___reg_s5 ___reg_p5
#define ___reg_s6 ___reg_p6

#elif defined(__TARGET_ARCH_arm64)

/* The kernel's pt_regs begins with what user_pt_regs shows. */
struct pt_regs___arm64 {
	unsigned long orig_x0;
} __attribute__((preserve_access_index));
#define ___pt_regs_type const struct user_pt_regs
#define ___reg_p1 regs[0]
#define ___reg_p2 regs[1]
#define ___reg_p3 regs[2]
#define ___reg_p4 regs[3]
#define ___reg_p5 regs[4]
#define ___reg_p6 regs[5]
#define ___reg_p7 regs[6]
#define ___reg_p8 regs[7]
#define ___reg_s2 ___reg_p2
#define ___reg_s3 ___reg_p3
#define ___reg_s4 ___reg_p4
#define ___reg_s5 ___reg_p5
#define ___reg_s6 ___reg_p6
#define ___reg_ret regs[30]
#define ___reg_fp regs[29]
#define ___reg_rc regs[0]
#define ___reg_sp sp
#define ___reg_ip pc
#define PT_REGS_PARM1_SYSCALL(x) (((const struct pt_regs___arm64 *)(x))->orig_x0)
#define PT_REGS_PARM1_CORE_SYSCALL(x) BPF_CORE_READ((const struct pt_regs___arm64 *)(x), orig_x0)

#elif defined(__TARGET_ARCH_riscv)

#define ___pt_regs_type const struct user_regs_struct
#define ___reg_p1 a0
#define ___reg_p2 a1
#define ___reg_p3 a2
#define ___reg_p4 a3
#define ___reg_p5 a4
#define ___reg_p6 a5
#define ___reg_p7 a6
#define ___reg_p8 a7
#define ___reg_s1 ___reg_p1
#define ___reg_s2 ___reg_p2
#define ___reg_s3 ___reg_p3
#define ___reg_s4 ___reg_p4
#define ___reg_s5 ___reg_p5
#define ___reg_s6 ___reg_p6
#define ___reg_ret ra
#define ___reg_fp s0
#define ___reg_rc a0
#define ___reg_sp sp
#define ___reg_ip pc

#endif

#ifdef ___pt_regs_type
#define ___pt_regs(x) ((___pt_regs_type *)(x))

#define PT_REGS_PARM1(x) (___pt_regs(x)->___reg_p1)
#define PT_REGS_PARM1_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_p1)
#define PT_REGS_PARM2(x) (___pt_regs(x)->___reg_p2)
#define PT_REGS_PARM2_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_p2)
#define PT_REGS_PARM3(x) (___pt_regs(x)->___reg_p3)
#define PT_REGS_PARM3_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_p3)
#define PT_REGS_PARM4(x) (___pt_regs(x)->___reg_p4)
#define PT_REGS_PARM4_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_p4)
#define PT_REGS_PARM5(x) (___pt_regs(x)->___reg_p5)
#define PT_REGS_PARM5_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_p5)
#define PT_REGS_PARM6(x) (___pt_regs(x)->___reg_p6)
#define PT_REGS_PARM6_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_p6)
#ifdef ___reg_p7
#define PT_REGS_PARM7(x) (___pt_regs(x)->___reg_p7)
#define PT_REGS_PARM7_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_p7)
#endif
#ifdef ___reg_p8
#define PT_REGS_PARM8(x) (___pt_regs(x)->___reg_p8)
#define PT_REGS_PARM8_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_p8)
#endif
#define PT_REGS_RET(x) (___pt_regs(x)->___reg_ret)
#define PT_REGS_RET_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_ret)
#define PT_REGS_FP(x) (___pt_regs(x)->___reg_fp)
#define PT_REGS_FP_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_fp)
#define PT_REGS_RC(x) (___pt_regs(x)->___reg_rc)
#define PT_REGS_RC_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_rc)
#define PT_REGS_SP(x) (___pt_regs(x)->___reg_sp)
#define PT_REGS_SP_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_sp)
#define PT_REGS_IP(x) (___pt_regs(x)->___reg_ip)
#define PT_REGS_IP_CORE(x) BPF_CORE_READ(___pt_regs(x), ___reg_ip)

#ifndef PT_REGS_PARM1_SYSCALL
#define PT_REGS_PARM1_SYSCALL(x) (___pt_regs(x)->___reg_s1)
#define PT_REGS_PARM1_CORE_SYSCALL(x) BPF_CORE_READ(___pt_regs(x), ___reg_s1)
#endif
#define PT_REGS_PARM2_SYSCALL(x) (___pt_regs(x)->___reg_s2)
#define PT_REGS_PARM2_CORE_SYSCALL(x) BPF_CORE_READ(___pt_regs(x), ___reg_s2)
#define PT_REGS_PARM3_SYSCALL(x) (___pt_regs(x)->___reg_s3)
#define PT_REGS_PARM3_CORE_SYSCALL(x) BPF_CORE_READ(___pt_regs(x), ___reg_s3)
#define PT_REGS_PARM4_SYSCALL(x) (___pt_regs(x)->___reg_s4)
#define PT_REGS_PARM4_CORE_SYSCALL(x) BPF_CORE_READ(___pt_regs(x), ___reg_s4)
#define PT_REGS_PARM5_SYSCALL(x) (___pt_regs(x)->___reg_s5)
#define PT_REGS_PARM5_CORE_SYSCALL(x) BPF_CORE_READ(___pt_regs(x), ___reg_s5)
#define PT_REGS_PARM6_SYSCALL(x) (___pt_regs(x)->___reg_s6)
#define PT_REGS_PARM6_CORE_SYSCALL(x) BPF_CORE_READ(___pt_regs(x), ___reg_s6)

/* Both give the system call's own registers: architectures that wrap calls pass a pointer to them. */
#ifndef PT_REGS_SYSCALL_REGS
#define PT_REGS_SYSCALL_REGS(ctx) ((struct pt_regs *)PT_REGS_PARM1(ctx))
#endif

#if defined(__TARGET_ARCH_x86)
#define BPF_KPROBE_READ_RET_IP(ip, ctx) bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)PT_REGS_RET(ctx))
#define BPF_KRETPROBE_READ_RET_IP(ip, ctx) bpf_probe_read_kernel(&(ip), sizeof(ip), (void *)(PT_REGS_FP(ctx) + sizeof(ip)))
#define SYS_PREFIX "__x64_"
#else
#define BPF_KPROBE_READ_RET_IP(ip, ctx) ({ (ip) = PT_REGS_RET(ctx); })
#define BPF_KRETPROBE_READ_RET_IP BPF_KPROBE_READ_RET_IP
#ifdef __TARGET_ARCH_arm64
#define SYS_PREFIX "__arm64_"
#else
#define SYS_PREFIX "__riscv_"
#endif
#endif

#endif /* ___pt_regs_type */

/* fentry, fexit, tp_btf, lsm, struct_ops, iter: every argument is a 64-bit word of the context. */
#define ___bpf_ctx_cast0() ctx
#define ___bpf_ctx_cast1(p1) ctx, (void *)ctx[0]
#define ___bpf_ctx_cast2(p1, p2) ctx, (void *)ctx[0], (void *)ctx[1]
#define ___bpf_ctx_cast3(p1, p2, p3) ctx, (void *)ctx[0], (void *)ctx[1], (void *)ctx[2]
#define ___bpf_ctx_cast4(p1, p2, p3, p4) ctx, (void *)ctx[0], (void *)ctx[1], (void *)ctx[2], (void *)ctx[3]
#define ___bpf_ctx_cast5(p1, p2, p3, p4, p5) ctx, (void *)ctx[0], (void *)ctx[1], (void *)ctx[2], (void *)ctx[3], (void *)ctx[4]
#define ___bpf_ctx_cast6(p1, p2, p3, p4, p5, p6) ctx, (void *)ctx[0], (void *)ctx[1], (void *)ctx[2], (void *)ctx[3], (void *)ctx[4], (void *)ctx[5]
#define ___bpf_ctx_cast7(p1, p2, p3, p4, p5, p6, p7) ctx, (void *)ctx[0], (void *)ctx[1], (void *)ctx[2], (void *)ctx[3], (void *)ctx[4], (void *)ctx[5], (void *)ctx[6]
#define ___bpf_ctx_cast8(p1, p2, p3, p4, p5, p6, p7, p8) ctx, (void *)ctx[0], (void *)ctx[1], (void *)ctx[2], (void *)ctx[3], (void *)ctx[4], (void *)ctx[5], (void *)ctx[6], (void *)ctx[7]
#define ___bpf_ctx_cast9(p1, p2, p3, p4, p5, p6, p7, p8, p9) ctx, (void *)ctx[0], (void *)ctx[1], (void *)ctx[2], (void *)ctx[3], (void *)ctx[4], (void *)ctx[5], (void *)ctx[6], (void *)ctx[7], (void *)ctx[8]
#define ___bpf_ctx_cast10(p1, p2, p3, p4, p5, p6, p7, p8, p9, p10) ctx, (void *)ctx[0], (void *)ctx[1], (void *)ctx[2], (void *)ctx[3], (void *)ctx[4], (void *)ctx[5], (void *)ctx[6], (void *)ctx[7], (void *)ctx[8], (void *)ctx[9]
#define ___bpf_ctx_cast11(p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11) ctx, (void *)ctx[0], (void *)ctx[1], (void *)ctx[2], (void *)ctx[3], (void *)ctx[4], (void *)ctx[5], (void *)ctx[6], (void *)ctx[7], (void *)ctx[8], (void *)ctx[9], (void *)ctx[10]
#define ___bpf_ctx_cast12(p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12) ctx, (void *)ctx[0], (void *)ctx[1], (void *)ctx[2], (void *)ctx[3], (void *)ctx[4], (void *)ctx[5], (void *)ctx[6], (void *)ctx[7], (void *)ctx[8], (void *)ctx[9], (void *)ctx[10], (void *)ctx[11]
#define ___bpf_ctx_cast(args...) ___bpf_apply(___bpf_ctx_cast, ___bpf_narg(args))(args)

#define ___bpf_body(name, cast, context, args...)                                       \
	name(context);                                                                  \
	static __always_inline typeof(name(0)) ____##name(context, ##args);             \
	typeof(name(0)) name(context)                                                   \
	{                                                                               \
		_Pragma("GCC diagnostic push")                                          \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                  \
		return ____##name(cast);                                                \
		_Pragma("GCC diagnostic pop")                                           \
	}                                                                               \
	static __always_inline typeof(name(0)) ____##name(context __attribute__((unused)), ##args)

#define BPF_PROG(name, args...) ___bpf_body(name, ___bpf_ctx_cast(args), unsigned long long *ctx, ##args)

/*
 * The same for arguments that are structs of up to 16 bytes, which take one or two words: the words that an
 * argument begins at are counted from the sizes of those before it.
 */
#define ___bpf_words_of(t) (sizeof(t) > 8 ? 2 : 1)
#define ___bpf_word_union(t)                                                            \
	union {                                                                         \
		t whole;                                                                \
		unsigned long long words[(sizeof(t) + 7) / 8];                          \
	}
#define ___bpf_take(t, at)                                                              \
	({                                                                              \
		___bpf_word_union(t) ___w = {};                                         \
		___w.words[0] = ctx[at];                                                \
		if (sizeof(t) > 8)                                                      \
			___w.words[sizeof(t) > 8 ? 1 : 0] = ctx[(at) + 1];              \
		___w.whole;                                                             \
	})

#define ___bpf_prog2_params0() 
#define ___bpf_prog2_values0() 
#define ___bpf_prog2_params2(t1, x1) , t1 x1
#define ___bpf_prog2_values2(t1, x1) , ___bpf_take(t1, 0)
#define ___bpf_prog2_params4(t1, x1, t2, x2) , t1 x1, t2 x2
#define ___bpf_prog2_values4(t1, x1, t2, x2) , ___bpf_take(t1, 0), ___bpf_take(t2, ___bpf_words_of(t1))
#define ___bpf_prog2_params6(t1, x1, t2, x2, t3, x3) , t1 x1, t2 x2, t3 x3
#define ___bpf_prog2_values6(t1, x1, t2, x2, t3, x3) , ___bpf_take(t1, 0), ___bpf_take(t2, ___bpf_words_of(t1)), ___bpf_take(t3, ___bpf_words_of(t1)+___bpf_words_of(t2))
#define ___bpf_prog2_params8(t1, x1, t2, x2, t3, x3, t4, x4) , t1 x1, t2 x2, t3 x3, t4 x4
#define ___bpf_prog2_values8(t1, x1, t2, x2, t3, x3, t4, x4) , ___bpf_take(t1, 0), ___bpf_take(t2, ___bpf_words_of(t1)), ___bpf_take(t3, ___bpf_words_of(t1)+___bpf_words_of(t2)), ___bpf_take(t4, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3))
#define ___bpf_prog2_params10(t1, x1, t2, x2, t3, x3, t4, x4, t5, x5) , t1 x1, t2 x2, t3 x3, t4 x4, t5 x5
#define ___bpf_prog2_values10(t1, x1, t2, x2, t3, x3, t4, x4, t5, x5) , ___bpf_take(t1, 0), ___bpf_take(t2, ___bpf_words_of(t1)), ___bpf_take(t3, ___bpf_words_of(t1)+___bpf_words_of(t2)), ___bpf_take(t4, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)), ___bpf_take(t5, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)+___bpf_words_of(t4))
#define ___bpf_prog2_params12(t1, x1, t2, x2, t3, x3, t4, x4, t5, x5, t6, x6) , t1 x1, t2 x2, t3 x3, t4 x4, t5 x5, t6 x6
#define ___bpf_prog2_values12(t1, x1, t2, x2, t3, x3, t4, x4, t5, x5, t6, x6) , ___bpf_take(t1, 0), ___bpf_take(t2, ___bpf_words_of(t1)), ___bpf_take(t3, ___bpf_words_of(t1)+___bpf_words_of(t2)), ___bpf_take(t4, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)), ___bpf_take(t5, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)+___bpf_words_of(t4)), ___bpf_take(t6, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)+___bpf_words_of(t4)+___bpf_words_of(t5))
#define ___bpf_prog2_params14(t1, x1, t2, x2, t3, x3, t4, x4, t5, x5, t6, x6, t7, x7) , t1 x1, t2 x2, t3 x3, t4 x4, t5 x5, t6 x6, t7 x7
#define ___bpf_prog2_values14(t1, x1, t2, x2, t3, x3, t4, x4, t5, x5, t6, x6, t7, x7) , ___bpf_take(t1, 0), ___bpf_take(t2, ___bpf_words_of(t1)), ___bpf_take(t3, ___bpf_words_of(t1)+___bpf_words_of(t2)), ___bpf_take(t4, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)), ___bpf_take(t5, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)+___bpf_words_of(t4)), ___bpf_take(t6, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)+___bpf_words_of(t4)+___bpf_words_of(t5)), ___bpf_take(t7, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)+___bpf_words_of(t4)+___bpf_words_of(t5)+___bpf_words_of(t6))
#define ___bpf_prog2_params16(t1, x1, t2, x2, t3, x3, t4, x4, t5, x5, t6, x6, t7, x7, t8, x8) , t1 x1, t2 x2, t3 x3, t4 x4, t5 x5, t6 x6, t7 x7, t8 x8
#define ___bpf_prog2_values16(t1, x1, t2, x2, t3, x3, t4, x4, t5, x5, t6, x6, t7, x7, t8, x8) , ___bpf_take(t1, 0), ___bpf_take(t2, ___bpf_words_of(t1)), ___bpf_take(t3, ___bpf_words_of(t1)+___bpf_words_of(t2)), ___bpf_take(t4, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)), ___bpf_take(t5, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)+___bpf_words_of(t4)), ___bpf_take(t6, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)+___bpf_words_of(t4)+___bpf_words_of(t5)), ___bpf_take(t7, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)+___bpf_words_of(t4)+___bpf_words_of(t5)+___bpf_words_of(t6)), ___bpf_take(t8, ___bpf_words_of(t1)+___bpf_words_of(t2)+___bpf_words_of(t3)+___bpf_words_of(t4)+___bpf_words_of(t5)+___bpf_words_of(t6)+___bpf_words_of(t7))
#define ___bpf_nth2(_, _1, _2, _3, _4, _5, _6, _7, _8, _9, _a, _b, _c, _d, _e, _f, _g, N, ...) N
#define ___bpf_narg2(...) ___bpf_nth2(_, ##__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define BPF_PROG2(name, args...)                                                        \
	name(unsigned long long *ctx);                                                  \
	static __always_inline typeof(name(0)) ____##name(unsigned long long *ctx       \
		___bpf_apply(___bpf_prog2_params, ___bpf_narg2(args))(args));           \
	typeof(name(0)) name(unsigned long long *ctx)                                   \
	{                                                                               \
		return ____##name(ctx ___bpf_apply(___bpf_prog2_values, ___bpf_narg2(args))(args)); \
	}                                                                               \
	static __always_inline typeof(name(0)) ____##name(unsigned long long *ctx __attribute__((unused)) \
		___bpf_apply(___bpf_prog2_params, ___bpf_narg2(args))(args))

/* kprobe, uprobe: arguments are in registers of struct pt_regs. */
#define ___bpf_kprobe_args0() ctx
#define ___bpf_kprobe_args1(p1) ctx, (void *)PT_REGS_PARM1(ctx)
#define ___bpf_kprobe_args2(p1, p2) ctx, (void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx)
#define ___bpf_kprobe_args3(p1, p2, p3) ctx, (void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx), (void *)PT_REGS_PARM3(ctx)
#define ___bpf_kprobe_args4(p1, p2, p3, p4) ctx, (void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx), (void *)PT_REGS_PARM3(ctx), (void *)PT_REGS_PARM4(ctx)
#define ___bpf_kprobe_args5(p1, p2, p3, p4, p5) ctx, (void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx), (void *)PT_REGS_PARM3(ctx), (void *)PT_REGS_PARM4(ctx), (void *)PT_REGS_PARM5(ctx)
#define ___bpf_kprobe_args6(p1, p2, p3, p4, p5, p6) ctx, (void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx), (void *)PT_REGS_PARM3(ctx), (void *)PT_REGS_PARM4(ctx), (void *)PT_REGS_PARM5(ctx), (void *)PT_REGS_PARM6(ctx)
#define ___bpf_kprobe_args7(p1, p2, p3, p4, p5, p6, p7) ctx, (void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx), (void *)PT_REGS_PARM3(ctx), (void *)PT_REGS_PARM4(ctx), (void *)PT_REGS_PARM5(ctx), (void *)PT_REGS_PARM6(ctx), (void *)PT_REGS_PARM7(ctx)
#define ___bpf_kprobe_args8(p1, p2, p3, p4, p5, p6, p7, p8) ctx, (void *)PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx), (void *)PT_REGS_PARM3(ctx), (void *)PT_REGS_PARM4(ctx), (void *)PT_REGS_PARM5(ctx), (void *)PT_REGS_PARM6(ctx), (void *)PT_REGS_PARM7(ctx), (void *)PT_REGS_PARM8(ctx)
#define ___bpf_kprobe_args(args...) ___bpf_apply(___bpf_kprobe_args, ___bpf_narg(args))(args)

#define BPF_KPROBE(name, args...) ___bpf_body(name, ___bpf_kprobe_args(args), struct pt_regs *ctx, ##args)
#define BPF_UPROBE(name, args...) BPF_KPROBE(name, ##args)

/* kretprobe, uretprobe: at most the return value. */
#define ___bpf_kretprobe_args0() ctx
#define ___bpf_kretprobe_args1(p1) ctx, (void *)PT_REGS_RC(ctx)
#define ___bpf_kretprobe_args(args...) ___bpf_apply(___bpf_kretprobe_args, ___bpf_narg(args))(args)
#define BPF_KRETPROBE(name, args...) ___bpf_body(name, ___bpf_kretprobe_args(args), struct pt_regs *ctx, ##args)
#define BPF_URETPROBE(name, args...) BPF_KRETPROBE(name, ##args)

/* ksyscall: whether the kernel wraps system calls is known when the program is loaded. */
#define ___bpf_syscall_args0() ctx
#define ___bpf_syscall_args1(p1) ctx, (void *)PT_REGS_PARM1_SYSCALL(regs)
#define ___bpf_syscall_args2(p1, p2) ctx, (void *)PT_REGS_PARM1_SYSCALL(regs), (void *)PT_REGS_PARM2_SYSCALL(regs)
#define ___bpf_syscall_args3(p1, p2, p3) ctx, (void *)PT_REGS_PARM1_SYSCALL(regs), (void *)PT_REGS_PARM2_SYSCALL(regs), (void *)PT_REGS_PARM3_SYSCALL(regs)
#define ___bpf_syscall_args4(p1, p2, p3, p4) ctx, (void *)PT_REGS_PARM1_SYSCALL(regs), (void *)PT_REGS_PARM2_SYSCALL(regs), (void *)PT_REGS_PARM3_SYSCALL(regs), (void *)PT_REGS_PARM4_SYSCALL(regs)
#define ___bpf_syscall_args5(p1, p2, p3, p4, p5) ctx, (void *)PT_REGS_PARM1_SYSCALL(regs), (void *)PT_REGS_PARM2_SYSCALL(regs), (void *)PT_REGS_PARM3_SYSCALL(regs), (void *)PT_REGS_PARM4_SYSCALL(regs), (void *)PT_REGS_PARM5_SYSCALL(regs)
#define ___bpf_syscall_args6(p1, p2, p3, p4, p5, p6) ctx, (void *)PT_REGS_PARM1_SYSCALL(regs), (void *)PT_REGS_PARM2_SYSCALL(regs), (void *)PT_REGS_PARM3_SYSCALL(regs), (void *)PT_REGS_PARM4_SYSCALL(regs), (void *)PT_REGS_PARM5_SYSCALL(regs), (void *)PT_REGS_PARM6_SYSCALL(regs)
#define ___bpf_syscall_args(args...) ___bpf_apply(___bpf_syscall_args, ___bpf_narg(args))(args)


#define ___bpf_syswrap_args0() ctx
#define ___bpf_syswrap_args1(p1) ctx, (void *)PT_REGS_PARM1_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args2(p1, p2) ctx, (void *)PT_REGS_PARM1_CORE_SYSCALL(regs), (void *)PT_REGS_PARM2_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args3(p1, p2, p3) ctx, (void *)PT_REGS_PARM1_CORE_SYSCALL(regs), (void *)PT_REGS_PARM2_CORE_SYSCALL(regs), (void *)PT_REGS_PARM3_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args4(p1, p2, p3, p4) ctx, (void *)PT_REGS_PARM1_CORE_SYSCALL(regs), (void *)PT_REGS_PARM2_CORE_SYSCALL(regs), (void *)PT_REGS_PARM3_CORE_SYSCALL(regs), (void *)PT_REGS_PARM4_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args5(p1, p2, p3, p4, p5) ctx, (void *)PT_REGS_PARM1_CORE_SYSCALL(regs), (void *)PT_REGS_PARM2_CORE_SYSCALL(regs), (void *)PT_REGS_PARM3_CORE_SYSCALL(regs), (void *)PT_REGS_PARM4_CORE_SYSCALL(regs), (void *)PT_REGS_PARM5_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args6(p1, p2, p3, p4, p5, p6) ctx, (void *)PT_REGS_PARM1_CORE_SYSCALL(regs), (void *)PT_REGS_PARM2_CORE_SYSCALL(regs), (void *)PT_REGS_PARM3_CORE_SYSCALL(regs), (void *)PT_REGS_PARM4_CORE_SYSCALL(regs), (void *)PT_REGS_PARM5_CORE_SYSCALL(regs), (void *)PT_REGS_PARM6_CORE_SYSCALL(regs)
#define ___bpf_syswrap_args(args...) ___bpf_apply(___bpf_syswrap_args, ___bpf_narg(args))(args)

#define BPF_KSYSCALL(name, args...)                                                     \
	name(struct pt_regs *ctx);                                                      \
	extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;                               \
	static __always_inline typeof(name(0)) ____##name(struct pt_regs *ctx, ##args); \
	typeof(name(0)) name(struct pt_regs *ctx)                                       \
	{                                                                               \
		struct pt_regs *regs = LINUX_HAS_SYSCALL_WRAPPER                        \
			? PT_REGS_SYSCALL_REGS(ctx) : ctx;                              \
		_Pragma("GCC diagnostic push")                                          \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                  \
		if (LINUX_HAS_SYSCALL_WRAPPER)                                          \
			return ____##name(___bpf_syswrap_args(args));                   \
		return ____##name(___bpf_syscall_args(args));                           \
		_Pragma("GCC diagnostic pop")                                           \
	}                                                                               \
	static __always_inline typeof(name(0)) ____##name(struct pt_regs *ctx __attribute__((unused)), ##args)
#define BPF_KPROBE_SYSCALL BPF_KSYSCALL
#define BPF_KRETPROBE_SYSCALL BPF_KRETPROBE
