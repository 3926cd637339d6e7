/* SPDX-License-Identifier: MIT */
/*
 * Reading kernel memory so that the loader fits each access to the running kernel (CO-RE). Which question a
 * relocation asks is enum bpf_core_relo_kind of include/uapi/linux/bpf.h, which clang splits into four groups.
 */
#pragma once

#include "bpf_helpers.h"

enum bpf_field_info_kind {
	BPF_FIELD_BYTE_OFFSET = 0,
	BPF_FIELD_BYTE_SIZE = 1,
	BPF_FIELD_EXISTS = 2,
	BPF_FIELD_SIGNED = 3,
	BPF_FIELD_LSHIFT_U64 = 4,
	BPF_FIELD_RSHIFT_U64 = 5,
};

enum bpf_type_id_kind {
	BPF_TYPE_ID_LOCAL = 0,
	BPF_TYPE_ID_TARGET = 1,
};

enum bpf_type_info_kind {
	BPF_TYPE_EXISTS = 0,
	BPF_TYPE_SIZE = 1,
	BPF_TYPE_MATCHES = 2,
};

enum bpf_enum_value_kind {
	BPF_ENUMVAL_EXISTS = 0,
	BPF_ENUMVAL_VALUE = 1,
};

/* `bpf_core_field_exists(pointer->field)` or `bpf_core_field_exists(struct type, field)` */
#define ___bpf_field1(field) (field)
#define ___bpf_field2(type, field) (((typeof(type) *)0)->field)
#define ___bpf_field(args...) ___bpf_apply(___bpf_field, ___bpf_narg(args))(args)

#define bpf_core_field_exists(field...) __builtin_preserve_field_info(___bpf_field(field), BPF_FIELD_EXISTS)
#define bpf_core_field_size(field...) __builtin_preserve_field_info(___bpf_field(field), BPF_FIELD_BYTE_SIZE)
#define bpf_core_field_offset(field...) __builtin_preserve_field_info(___bpf_field(field), BPF_FIELD_BYTE_OFFSET)

#ifdef __clang__
#define ___bpf_a_type(type) (*(typeof(type) *)0)
#else
#define ___bpf_a_type(type) ((typeof(type) *)0)
#endif
#define bpf_core_type_id_local(type) __builtin_btf_type_id(___bpf_a_type(type), BPF_TYPE_ID_LOCAL)
#define bpf_core_type_id_kernel(type) __builtin_btf_type_id(___bpf_a_type(type), BPF_TYPE_ID_TARGET)
#define bpf_core_type_exists(type) __builtin_preserve_type_info(___bpf_a_type(type), BPF_TYPE_EXISTS)
#define bpf_core_type_matches(type) __builtin_preserve_type_info(___bpf_a_type(type), BPF_TYPE_MATCHES)
#define bpf_core_type_size(type) __builtin_preserve_type_info(___bpf_a_type(type), BPF_TYPE_SIZE)
#ifdef __clang__
#define ___bpf_an_enumerator(type, value) (*(typeof(type) *)value)
#else
#define ___bpf_an_enumerator(type, value) (typeof(type))(value)
#endif
#define bpf_core_enum_value_exists(type, value) \
	__builtin_preserve_enum_value(___bpf_an_enumerator(type, value), BPF_ENUMVAL_EXISTS)
#define bpf_core_enum_value(type, value) \
	__builtin_preserve_enum_value(___bpf_an_enumerator(type, value), BPF_ENUMVAL_VALUE)

#define ___bpf_info(base, field, what) __builtin_preserve_field_info((base)->field, BPF_FIELD_##what)

/* A bitfield as a 64-bit number: its bytes are copied, then shifted to the left edge and back. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ___bpf_copy_bitfield(out, fn, base, field) \
	fn((void *)out, ___bpf_info(base, field, BYTE_SIZE), (const void *)base + ___bpf_info(base, field, BYTE_OFFSET))
#else
#define ___bpf_copy_bitfield(out, fn, base, field)                                      \
	fn((void *)out + (8 - ___bpf_info(base, field, BYTE_SIZE)), ___bpf_info(base, field, BYTE_SIZE), \
	   (const void *)base + ___bpf_info(base, field, BYTE_OFFSET))
#endif
#define ___bpf_shift_bitfield(word, base, field)                                        \
	({                                                                              \
		word <<= ___bpf_info(base, field, LSHIFT_U64);                          \
		if (___bpf_info(base, field, SIGNED))                                   \
			word = ((long long)word) >> ___bpf_info(base, field, RSHIFT_U64); \
		else                                                                    \
			word = word >> ___bpf_info(base, field, RSHIFT_U64);            \
		word;                                                                   \
	})

#define BPF_CORE_READ_BITFIELD_PROBED(base, field)                                      \
	({                                                                              \
		unsigned long long ___word = 0;                                         \
		___bpf_copy_bitfield(&___word, bpf_probe_read_kernel, base, field);     \
		___bpf_shift_bitfield(___word, base, field);                            \
	})

/* For pointers that may be loaded through: the barrier keeps the four loads from being merged. */
#define BPF_CORE_READ_BITFIELD(base, field)                                             \
	({                                                                              \
		const void *___at = (const void *)base + ___bpf_info(base, field, BYTE_OFFSET); \
		unsigned long long ___word;                                             \
		barrier_var(___at);                                                     \
		switch (___bpf_info(base, field, BYTE_SIZE)) {                          \
		case 1: ___word = *(const unsigned char *)___at; break;                 \
		case 2: ___word = *(const unsigned short *)___at; break;                \
		case 4: ___word = *(const unsigned int *)___at; break;                  \
		case 8: ___word = *(const unsigned long long *)___at; break;            \
		default: ___word = 0; break;                                            \
		}                                                                       \
		___bpf_shift_bitfield(___word, base, field);                            \
	})

#define BPF_CORE_WRITE_BITFIELD(base, field, new_value)                                 \
	({                                                                              \
		void *___at = (void *)base + ___bpf_info(base, field, BYTE_OFFSET);     \
		unsigned int ___size = ___bpf_info(base, field, BYTE_SIZE);             \
		unsigned int ___left = ___bpf_info(base, field, LSHIFT_U64);            \
		unsigned int ___right = ___bpf_info(base, field, RSHIFT_U64);           \
		unsigned long long ___mask = (~0ULL << ___right) >> ___left, ___word;   \
		unsigned long long ___new = new_value;                                  \
		barrier_var(___at);                                                     \
		switch (___size) {                                                      \
		case 1: ___word = *(unsigned char *)___at; break;                       \
		case 2: ___word = *(unsigned short *)___at; break;                      \
		case 4: ___word = *(unsigned int *)___at; break;                        \
		default: ___word = *(unsigned long long *)___at; break;                 \
		}                                                                       \
		___new = (___new << ___right) >> ___left;                               \
		___word = (___word & ~___mask) | (___new & ___mask);                    \
		switch (___size) {                                                      \
		case 1: *(unsigned char *)___at = ___word; break;                       \
		case 2: *(unsigned short *)___at = ___word; break;                      \
		case 4: *(unsigned int *)___at = ___word; break;                        \
		default: *(unsigned long long *)___at = ___word; break;                 \
		}                                                                       \
	})

#define bpf_core_read(dst, size, src) \
	bpf_probe_read_kernel((void *)(dst), size, (const void *)__builtin_preserve_access_index(src))
#define bpf_core_read_user(dst, size, src) \
	bpf_probe_read_user((void *)(dst), size, (const void *)__builtin_preserve_access_index(src))
#define bpf_core_read_str(dst, size, src) \
	bpf_probe_read_kernel_str((void *)(dst), size, (const void *)__builtin_preserve_access_index(src))
#define bpf_core_read_user_str(dst, size, src) \
	bpf_probe_read_user_str((void *)(dst), size, (const void *)__builtin_preserve_access_index(src))

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;
#define bpf_core_cast(pointer, type) ((typeof(type) *)bpf_rdonly_cast((pointer), bpf_core_type_id_kernel(type)))

/*
 * A chain: BPF_CORE_READ(task, mm, exe_file, f_inode) is task->mm->exe_file->f_inode with a safe read for each arrow.
 * `hop` reads a pointer into ___p, `last` reads what is at the end.
 */
#define ___bpf_path1(src, a) (src)->a
#define ___bpf_path2(src, a, b) (src)->a->b
#define ___bpf_path3(src, a, b, c) (src)->a->b->c
#define ___bpf_path4(src, a, b, c, d) (src)->a->b->c->d
#define ___bpf_path5(src, a, b, c, d, e) (src)->a->b->c->d->e
#define ___bpf_path6(src, a, b, c, d, e, f) (src)->a->b->c->d->e->f
#define ___bpf_path7(src, a, b, c, d, e, f, g) (src)->a->b->c->d->e->f->g
#define ___bpf_path8(src, a, b, c, d, e, f, g, h) (src)->a->b->c->d->e->f->g->h
#define ___bpf_path9(src, a, b, c, d, e, f, g, h, i) (src)->a->b->c->d->e->f->g->h->i
#define ___bpf_path10(src, a, b, c, d, e, f, g, h, i, j) (src)->a->b->c->d->e->f->g->h->i->j
#define ___bpf_path(src, fields...) ___bpf_apply(___bpf_path, ___bpf_narg(fields))(src, fields)

#define ___bpf_read1(hop, last, dst, src, a) last(dst, sizeof(*(dst)), &(src)->a)
#define ___bpf_read2(hop, last, dst, src, a, b) \
	hop(&___p, sizeof(___p), &(src)->a); \
	last(dst, sizeof(*(dst)), &((typeof((src)->a))(___p))->b)
#define ___bpf_read3(hop, last, dst, src, a, b, c) \
	hop(&___p, sizeof(___p), &(src)->a); \
	hop(&___p, sizeof(___p), &((typeof((src)->a))(___p))->b); \
	last(dst, sizeof(*(dst)), &((typeof((src)->a->b))(___p))->c)
#define ___bpf_read4(hop, last, dst, src, a, b, c, d) \
	hop(&___p, sizeof(___p), &(src)->a); \
	hop(&___p, sizeof(___p), &((typeof((src)->a))(___p))->b); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b))(___p))->c); \
	last(dst, sizeof(*(dst)), &((typeof((src)->a->b->c))(___p))->d)
#define ___bpf_read5(hop, last, dst, src, a, b, c, d, e) \
	hop(&___p, sizeof(___p), &(src)->a); \
	hop(&___p, sizeof(___p), &((typeof((src)->a))(___p))->b); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b))(___p))->c); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c))(___p))->d); \
	last(dst, sizeof(*(dst)), &((typeof((src)->a->b->c->d))(___p))->e)
#define ___bpf_read6(hop, last, dst, src, a, b, c, d, e, f) \
	hop(&___p, sizeof(___p), &(src)->a); \
	hop(&___p, sizeof(___p), &((typeof((src)->a))(___p))->b); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b))(___p))->c); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c))(___p))->d); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d))(___p))->e); \
	last(dst, sizeof(*(dst)), &((typeof((src)->a->b->c->d->e))(___p))->f)
#define ___bpf_read7(hop, last, dst, src, a, b, c, d, e, f, g) \
	hop(&___p, sizeof(___p), &(src)->a); \
	hop(&___p, sizeof(___p), &((typeof((src)->a))(___p))->b); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b))(___p))->c); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c))(___p))->d); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d))(___p))->e); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d->e))(___p))->f); \
	last(dst, sizeof(*(dst)), &((typeof((src)->a->b->c->d->e->f))(___p))->g)
#define ___bpf_read8(hop, last, dst, src, a, b, c, d, e, f, g, h) \
	hop(&___p, sizeof(___p), &(src)->a); \
	hop(&___p, sizeof(___p), &((typeof((src)->a))(___p))->b); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b))(___p))->c); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c))(___p))->d); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d))(___p))->e); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d->e))(___p))->f); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d->e->f))(___p))->g); \
	last(dst, sizeof(*(dst)), &((typeof((src)->a->b->c->d->e->f->g))(___p))->h)
#define ___bpf_read9(hop, last, dst, src, a, b, c, d, e, f, g, h, i) \
	hop(&___p, sizeof(___p), &(src)->a); \
	hop(&___p, sizeof(___p), &((typeof((src)->a))(___p))->b); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b))(___p))->c); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c))(___p))->d); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d))(___p))->e); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d->e))(___p))->f); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d->e->f))(___p))->g); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d->e->f->g))(___p))->h); \
	last(dst, sizeof(*(dst)), &((typeof((src)->a->b->c->d->e->f->g->h))(___p))->i)
#define ___bpf_read10(hop, last, dst, src, a, b, c, d, e, f, g, h, i, j) \
	hop(&___p, sizeof(___p), &(src)->a); \
	hop(&___p, sizeof(___p), &((typeof((src)->a))(___p))->b); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b))(___p))->c); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c))(___p))->d); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d))(___p))->e); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d->e))(___p))->f); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d->e->f))(___p))->g); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d->e->f->g))(___p))->h); \
	hop(&___p, sizeof(___p), &((typeof((src)->a->b->c->d->e->f->g->h))(___p))->i); \
	last(dst, sizeof(*(dst)), &((typeof((src)->a->b->c->d->e->f->g->h->i))(___p))->j)

#define ___bpf_read_chain(hop, last, dst, src, fields...)                               \
	({                                                                              \
		const void *___p __attribute__((unused));                               \
		___bpf_apply(___bpf_read, ___bpf_narg(fields))(hop, last, dst, src, fields); \
	})
#define ___bpf_read_value(into, src, fields...)                                         \
	({                                                                              \
		typeof(___bpf_path((src), fields)) ___value;                            \
		into(&___value, (src), fields);                                         \
		___value;                                                               \
	})

#define BPF_CORE_READ_INTO(dst, src, fields...) ___bpf_read_chain(bpf_core_read, bpf_core_read, dst, src, fields)
#define BPF_CORE_READ_STR_INTO(dst, src, fields...) ___bpf_read_chain(bpf_core_read, bpf_core_read_str, dst, src, fields)
#define BPF_CORE_READ(src, fields...) ___bpf_read_value(BPF_CORE_READ_INTO, src, fields)

#define BPF_CORE_READ_USER_INTO(dst, src, fields...) ___bpf_read_chain(bpf_core_read_user, bpf_core_read_user, dst, src, fields)
#define BPF_CORE_READ_USER_STR_INTO(dst, src, fields...) ___bpf_read_chain(bpf_core_read_user, bpf_core_read_user_str, dst, src, fields)
#define BPF_CORE_READ_USER(src, fields...) ___bpf_read_value(BPF_CORE_READ_USER_INTO, src, fields)

#define BPF_PROBE_READ_INTO(dst, src, fields...) ___bpf_read_chain(bpf_probe_read_kernel, bpf_probe_read_kernel, dst, src, fields)
#define BPF_PROBE_READ_STR_INTO(dst, src, fields...) ___bpf_read_chain(bpf_probe_read_kernel, bpf_probe_read_kernel_str, dst, src, fields)
#define BPF_PROBE_READ(src, fields...) ___bpf_read_value(BPF_PROBE_READ_INTO, src, fields)

#define BPF_PROBE_READ_USER_INTO(dst, src, fields...) ___bpf_read_chain(bpf_probe_read_user, bpf_probe_read_user, dst, src, fields)
#define BPF_PROBE_READ_USER_STR_INTO(dst, src, fields...) ___bpf_read_chain(bpf_probe_read_user, bpf_probe_read_user_str, dst, src, fields)
#define BPF_PROBE_READ_USER(src, fields...) ___bpf_read_value(BPF_PROBE_READ_USER_INTO, src, fields)
