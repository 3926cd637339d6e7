/*
 * Every kind of CO-RE relocation on kernel types that are the same everywhere, that differ between kernels, and that
 * exist nowhere. Each program is a list of answers; nothing here is meant to run.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define relocatable __attribute__((preserve_access_index))

struct list_head {
	struct list_head *next, *prev;
} relocatable;

struct task_struct {
	volatile long state;
	unsigned int __state;
	void *stack;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct list_head tasks;
	char comm[16];
	unsigned in_execve : 1;
	unsigned sched_reset_on_fork : 1;
	unsigned sched_contributes_to_load : 1;
	unsigned long nvcsw;
	int exit_code;
	int nothing_of_the_kind;
} relocatable;

/* Flavours: two views of one type. */
struct task_struct___old {
	long state;
} relocatable;

struct task_struct___new {
	unsigned int __state;
	int pid;
} relocatable;

struct mm_struct {
	struct {
		struct {
			unsigned long total_vm;
		};
	};
	unsigned long saved_auxv[2];
} relocatable;

struct sk_buff {
	unsigned int len;
	unsigned char pkt_type : 3;
	unsigned char ignore_df : 1;
	unsigned char cloned : 1;
	unsigned short protocol;
} relocatable;

struct tcp_sock {
	unsigned int nonagle : 4;
	unsigned int rcv_nxt;
} relocatable;

/* Narrower and wider than the kernel's. */
struct file {
	unsigned int f_flags;
	unsigned char f_mode;
} relocatable;

struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
	unsigned long long i_size;
} relocatable;

struct filename {
	const char *name;
	char iname[];
} relocatable;

struct kernfs_node {
	unsigned long long id;
} relocatable;

struct no_such_struct {
	int member;
} relocatable;

union no_such_union {
	int member;
} relocatable;

struct pt_regs {
	unsigned long ip;
	unsigned long sp;
} relocatable;

enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID,
	PIDTYPE_PGID,
	PIDTYPE_SID,
	PIDTYPE_NEVER,
};

enum bpf_func_id___here {
	BPF_FUNC_loop___here,
	BPF_FUNC_map_lookup_elem___here,
};

enum no_such_enum {
	NO_SUCH_VALUE = 7,
};

typedef struct {
	int counter;
} atomic_t;

typedef int pid_t_of_nobody;

struct qspinlock;
typedef struct qspinlock arch_spinlock_t;

long answers[256];

#define answer(index, value) answers[index] = (long)(value)

SEC("raw_tp/sys_enter")
int field_offsets(void *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();

	answer(0, bpf_core_field_offset(t->pid));
	answer(1, bpf_core_field_offset(t->tgid));
	answer(2, bpf_core_field_offset(t->tasks.prev));
	answer(3, bpf_core_field_offset(t->comm));
	answer(4, bpf_core_field_offset(t->comm[5]));
	answer(5, bpf_core_field_offset(t->nvcsw));
	answer(6, bpf_core_field_offset(((struct mm_struct *)t)->total_vm));
	answer(7, bpf_core_field_offset(((struct mm_struct *)t)->saved_auxv[1]));
	answer(8, bpf_core_field_offset(((struct filename *)t)->iname[3]));
	answer(9, bpf_core_field_offset(((struct inode *)t)->i_size));
	answer(10, bpf_core_field_offset(((struct sk_buff *)t)->protocol));
	answer(11, bpf_core_field_offset(((struct pt_regs *)t)->ip));
	return 0;
}

SEC("raw_tp/sys_enter")
int field_sizes(void *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();

	answer(20, bpf_core_field_size(t->pid));
	answer(21, bpf_core_field_size(t->comm));
	answer(22, bpf_core_field_size(t->comm[2]));
	answer(23, bpf_core_field_size(t->tasks));
	answer(24, bpf_core_field_size(t->real_parent));
	answer(25, bpf_core_field_size(((struct inode *)t)->i_mode));
	answer(26, bpf_core_field_size(((struct file *)t)->f_mode));
	answer(27, bpf_core_field_size(((struct kernfs_node *)t)->id));
	answer(28, bpf_core_field_size(((struct mm_struct *)t)->saved_auxv));
	return 0;
}

SEC("raw_tp/sys_enter")
int field_exists(void *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();

	answer(40, bpf_core_field_exists(t->pid));
	answer(41, bpf_core_field_exists(t->state));
	answer(42, bpf_core_field_exists(t->__state));
	answer(43, bpf_core_field_exists(t->nothing_of_the_kind));
	answer(44, bpf_core_field_exists(((struct no_such_struct *)t)->member));
	answer(45, bpf_core_field_exists(((struct task_struct___old *)t)->state));
	answer(46, bpf_core_field_exists(((struct task_struct___new *)t)->__state));
	answer(47, bpf_core_field_exists(((union no_such_union *)t)->member));
	if (bpf_core_field_exists(t->nothing_of_the_kind))
		answer(48, t->nothing_of_the_kind);
	if (bpf_core_field_exists(((struct no_such_struct *)t)->member))
		answer(49, ((struct no_such_struct *)t)->member);
	return 0;
}

SEC("raw_tp/sys_enter")
int bitfields(void *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct sk_buff *skb = (void *)t;

	answer(60, BPF_CORE_READ_BITFIELD_PROBED(t, in_execve));
	answer(61, BPF_CORE_READ_BITFIELD_PROBED(t, sched_reset_on_fork));
	answer(62, BPF_CORE_READ_BITFIELD_PROBED(t, sched_contributes_to_load));
	answer(63, BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type));
	answer(64, BPF_CORE_READ_BITFIELD_PROBED(skb, cloned));
	answer(65, BPF_CORE_READ_BITFIELD_PROBED(skb, ignore_df));
	answer(66, BPF_CORE_READ_BITFIELD_PROBED(t, pid));
	answer(67, BPF_CORE_READ_BITFIELD_PROBED(t, nvcsw));
	answer(68, BPF_CORE_READ_BITFIELD_PROBED((struct tcp_sock *)t, nonagle));
	return 0;
}

SEC("raw_tp/sys_enter")
int types(void *ctx)
{
	answer(80, bpf_core_type_exists(struct task_struct));
	answer(81, bpf_core_type_exists(struct task_struct___old));
	answer(82, bpf_core_type_exists(struct no_such_struct));
	answer(83, bpf_core_type_exists(union no_such_union));
	answer(84, bpf_core_type_exists(enum pid_type));
	answer(85, bpf_core_type_exists(atomic_t));
	answer(86, bpf_core_type_exists(pid_t_of_nobody));
	answer(87, bpf_core_type_size(struct list_head));
	answer(88, bpf_core_type_size(struct task_struct));
	answer(89, bpf_core_type_size(struct no_such_struct));
	answer(90, bpf_core_type_size(atomic_t));
	answer(91, bpf_core_type_id_kernel(struct task_struct));
	answer(92, bpf_core_type_id_kernel(struct no_such_struct));
	answer(93, bpf_core_type_id_kernel(atomic_t));
	answer(94, bpf_core_type_exists(arch_spinlock_t));
	return 0;
}

SEC("raw_tp/sys_enter")
int enumerators(void *ctx)
{
	answer(100, bpf_core_enum_value_exists(enum pid_type, PIDTYPE_PGID));
	answer(101, bpf_core_enum_value_exists(enum pid_type, PIDTYPE_NEVER));
	answer(102, bpf_core_enum_value_exists(enum no_such_enum, NO_SUCH_VALUE));
	answer(103, bpf_core_enum_value(enum pid_type, PIDTYPE_SID));
	answer(104, bpf_core_enum_value_exists(enum bpf_func_id___here, BPF_FUNC_loop___here));
	answer(105, bpf_core_enum_value(enum bpf_func_id___here, BPF_FUNC_map_lookup_elem___here));
	if (bpf_core_enum_value_exists(enum pid_type, PIDTYPE_NEVER))
		answer(106, bpf_core_enum_value(enum pid_type, PIDTYPE_NEVER));
	return 0;
}

/* Direct loads, as programs with typed pointers make them: the width of the instruction may have to change. */
SEC("tp_btf/sched_process_fork")
int loads(unsigned long long *ctx)
{
	struct task_struct *t = (void *)ctx[0];
	struct inode *inode = (void *)t;
	struct file *file = (void *)t;

	answer(120, t->pid);
	answer(121, t->nvcsw);
	answer(122, t->real_parent);
	answer(123, t->tasks.next);
	answer(124, inode->i_size);
	answer(125, inode->i_mode);
	answer(126, inode->i_ino);
	answer(127, file->f_flags);
	answer(128, file->f_mode);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
