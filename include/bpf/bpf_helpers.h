/* SPDX-License-Identifier: MIT */
/* What every BPF program in C starts from: sections, map definitions, inlining, printing, loops. */
#pragma once

#include "bpf_helper_defs.h"

/* Where a program or a variable goes; the loader reads the kind of program from it. */
#define SEC(name)                                                             \
	_Pragma("GCC diagnostic push")                                        \
	_Pragma("GCC diagnostic ignored \"-Wignored-attributes\"")            \
	__attribute__((section(name), used))                                  \
	_Pragma("GCC diagnostic pop")

/* Map definitions: a number is the length of an array type, a type is what a pointer points to. */
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name
#define __array(name, value) typeof(value) *name[]
#define __ulong(name, value) enum { ___bpf_concat(__unique_value, __COUNTER__) = value } name

#define ___bpf_concat(a, b) a##b
#define ___bpf_apply(fn, n) ___bpf_concat(fn, n)
#define ___bpf_nth(_, _1, _2, _3, _4, _5, _6, _7, _8, _9, _a, _b, _c, N, ...) N
#define ___bpf_narg(...) ___bpf_nth(_, ##__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
#define __hidden __attribute__((visibility("hidden")))

/* Externs that the loader fills: kernel configuration, kernel symbols. */
#define __kconfig __attribute__((section(".kconfig")))
#define __ksym __attribute__((section(".ksyms")))
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#define __kptr __attribute__((btf_type_tag("kptr")))
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#define __uptr __attribute__((btf_type_tag("uptr")))

/* What the verifier may assume of the arguments of global functions. */
#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#define __arg_nonnull __attribute((btf_decl_tag("arg:nonnull")))
#define __arg_nullable __attribute((btf_decl_tag("arg:nullable")))
#define __arg_trusted __attribute((btf_decl_tag("arg:trusted")))
#define __arg_arena __attribute((btf_decl_tag("arg:arena")))

#ifndef NULL
#define NULL ((void *)0)
#endif
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
#ifndef container_of
#define container_of(pointer, type, member)                                   \
	({                                                                    \
		void *___inner = (void *)(pointer);                           \
		((type *)(___inner - offsetof(type, member)));                \
	})
#endif
#ifndef likely
#define likely(x) (__builtin_expect(!!(x), 1))
#endif
#ifndef unlikely
#define unlikely(x) (__builtin_expect(!!(x), 0))
#endif

/* Keeps the compiler from moving or merging accesses across this line. */
#ifndef barrier
#define barrier() asm volatile("" ::: "memory")
#endif
/* Makes the compiler forget what it knows of a variable: bounds checks stay where they were written. */
#ifndef barrier_var
#define barrier_var(variable) asm volatile("" : "+r"(variable))
#endif

/* Fails the build if the compiler cannot prove that it is never reached. */
#ifndef __bpf_unreachable
#define __bpf_unreachable() __builtin_trap()
#endif

/* The compiler may leave a tail call's result unused only if it sees a constant slot. */
#if __clang_major__ >= 8 && defined(__bpf__)
static __always_inline void bpf_tail_call_static(void *ctx, const void *map, const __u32 slot)
{
	if (!__builtin_constant_p(slot))
		__bpf_unreachable();
	asm volatile("r1 = %[ctx]\n\t"
		     "r2 = %[map]\n\t"
		     "r3 = %[slot]\n\t"
		     "call 12"
		     :
		     : [ctx] "r"(ctx), [map] "r"(map), [slot] "i"(slot)
		     : "r0", "r1", "r2", "r3", "r4", "r5");
}
#endif

enum libbpf_pin_type {
	LIBBPF_PIN_NONE,
	LIBBPF_PIN_BY_NAME, /* at /sys/fs/bpf/NAME, kept between runs */
};

enum libbpf_tristate {
	TRI_NO = 0,
	TRI_YES = 1,
	TRI_MODULE = 2,
};

#define bpf_ksym_exists(symbol)                                               \
	({                                                                    \
		_Static_assert(!__builtin_constant_p(!!symbol), #symbol " must be __weak"); \
		!!symbol;                                                     \
	})

/* Arguments of seq_printf, snprintf and trace_vprintk go into an array of 64-bit words. */
#define ___bpf_fill0(array, at, x) do {} while (0)
#define ___bpf_fill1(array, at, x) array[at] = x
#define ___bpf_fill2(array, at, x, rest...) array[at] = x; ___bpf_fill1(array, at + 1, rest)
#define ___bpf_fill3(array, at, x, rest...) array[at] = x; ___bpf_fill2(array, at + 1, rest)
#define ___bpf_fill4(array, at, x, rest...) array[at] = x; ___bpf_fill3(array, at + 1, rest)
#define ___bpf_fill5(array, at, x, rest...) array[at] = x; ___bpf_fill4(array, at + 1, rest)
#define ___bpf_fill6(array, at, x, rest...) array[at] = x; ___bpf_fill5(array, at + 1, rest)
#define ___bpf_fill7(array, at, x, rest...) array[at] = x; ___bpf_fill6(array, at + 1, rest)
#define ___bpf_fill8(array, at, x, rest...) array[at] = x; ___bpf_fill7(array, at + 1, rest)
#define ___bpf_fill9(array, at, x, rest...) array[at] = x; ___bpf_fill8(array, at + 1, rest)
#define ___bpf_fill10(array, at, x, rest...) array[at] = x; ___bpf_fill9(array, at + 1, rest)
#define ___bpf_fill11(array, at, x, rest...) array[at] = x; ___bpf_fill10(array, at + 1, rest)
#define ___bpf_fill12(array, at, x, rest...) array[at] = x; ___bpf_fill11(array, at + 1, rest)
#define ___bpf_fill(array, args...) ___bpf_apply(___bpf_fill, ___bpf_narg(args))(array, 0, args)

#define ___bpf_words(args, words...)                                          \
	_Pragma("GCC diagnostic push")                                        \
	_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                \
	___bpf_fill(args, words);                                             \
	_Pragma("GCC diagnostic pop")

#define BPF_SEQ_PRINTF(seq, text, words...)                                   \
	({                                                                    \
		static const char ___format[] = text;                         \
		unsigned long long ___words[___bpf_narg(words)];              \
		___bpf_words(___words, words)                                 \
		bpf_seq_printf(seq, ___format, sizeof(___format), ___words, sizeof(___words)); \
	})

#define BPF_SNPRINTF(out, out_size, text, words...)                           \
	({                                                                    \
		static const char ___format[] = text;                         \
		unsigned long long ___words[___bpf_narg(words)];              \
		___bpf_words(___words, words)                                 \
		bpf_snprintf(out, out_size, ___format, ___words, sizeof(___words)); \
	})

/* Up to three words go in registers; more need bpf_trace_vprintk (5.16). */
#ifdef BPF_NO_GLOBAL_DATA
#define BPF_PRINTK_FMT_MOD
#else
#define BPF_PRINTK_FMT_MOD static const
#endif

#define ___bpf_short_printk(text, words...)                                   \
	({                                                                    \
		BPF_PRINTK_FMT_MOD char ___format[] = text;                   \
		bpf_trace_printk(___format, sizeof(___format), ##words);      \
	})
#define ___bpf_long_printk(text, words...)                                    \
	({                                                                    \
		static const char ___format[] = text;                         \
		unsigned long long ___words[___bpf_narg(words)];              \
		___bpf_words(___words, words)                                 \
		bpf_trace_vprintk(___format, sizeof(___format), ___words, sizeof(___words)); \
	})
#define ___bpf_pick_printk(...)                                               \
	___bpf_nth(_, ##__VA_ARGS__, ___bpf_long_printk, ___bpf_long_printk,  \
		   ___bpf_long_printk, ___bpf_long_printk, ___bpf_long_printk, \
		   ___bpf_long_printk, ___bpf_long_printk, ___bpf_long_printk, \
		   ___bpf_long_printk, ___bpf_short_printk, ___bpf_short_printk, \
		   ___bpf_short_printk, ___bpf_short_printk)
#define bpf_printk(text, words...) ___bpf_pick_printk(words)(text, ##words)

#define bpf_stream_printk(stream, text, words...)                             \
	({                                                                    \
		static const char ___format[] = text;                         \
		unsigned long long ___words[___bpf_narg(words)];              \
		___bpf_words(___words, words)                                 \
		bpf_stream_vprintk_impl(stream, ___format, ___words, sizeof(___words), NULL); \
	})

/* Open-coded iterators (6.4): a loop over numbers, and over whatever an iterator of the kernel gives. */
struct bpf_iter_num;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

#ifndef bpf_for_each
#define bpf_for_each(type, current, args...)                                  \
	for (struct bpf_iter_##type ___it __attribute__((aligned(8),          \
		     cleanup(bpf_iter_##type##_destroy))),                    \
		     *___made __attribute__((unused)) = (bpf_iter_##type##_new(&___it, ##args), \
		     (void)bpf_iter_##type##_destroy, (void *)0);             \
	     ((current) = bpf_iter_##type##_next(&___it));)
#endif

#ifndef bpf_for
#define bpf_for(i, start, end)                                                \
	for (struct bpf_iter_num ___it __attribute__((aligned(8),             \
		     cleanup(bpf_iter_num_destroy))),                         \
		     *___made __attribute__((unused)) = (bpf_iter_num_new(&___it, (start), (end)), \
		     (void)bpf_iter_num_destroy, (void *)0);                  \
	     ({                                                               \
		     int *___next = bpf_iter_num_next(&___it);                \
		     ___next ? ((i) = *___next, (i) >= (start) && (i) < (end)) : 0; \
	     });)
#endif

#ifndef bpf_repeat
#define bpf_repeat(times)                                                     \
	for (struct bpf_iter_num ___it __attribute__((aligned(8),             \
		     cleanup(bpf_iter_num_destroy))),                         \
		     *___made __attribute__((unused)) = (bpf_iter_num_new(&___it, 0, (times)), \
		     (void)bpf_iter_num_destroy, (void *)0);                  \
	     bpf_iter_num_next(&___it);)
#endif
