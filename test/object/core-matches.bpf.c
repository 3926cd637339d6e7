/* bpf_core_type_matches, for compilers that know it (clang 15). */
#if __clang_major__ < 15
struct nothing;
#else
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct list_head {
	struct list_head *next, *prev;
};

struct list_head___less {
	struct list_head___less *next;
};

struct list_head___more {
	struct list_head *next, *prev, *third;
};

struct task_struct {
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct list_head tasks;
};

struct task_struct___wrong {
	long pid;
};

struct task_struct___kind {
	struct list_head *tasks;
};

struct no_such_struct {
	int member;
};

enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID,
};

enum pid_type___wrong {
	PIDTYPE_PID___wrong,
	PIDTYPE_OF_NOBODY___wrong,
};

typedef struct {
	int counter;
} atomic_t;

typedef unsigned long long u64;

long answers[32];

SEC("raw_tp/sys_enter")
int matches(void *ctx)
{
	answers[0] = bpf_core_type_matches(struct list_head);
	answers[1] = bpf_core_type_matches(struct list_head___less);
	answers[2] = bpf_core_type_matches(struct list_head___more);
	answers[3] = bpf_core_type_matches(struct task_struct);
	answers[4] = bpf_core_type_matches(struct task_struct___wrong);
	answers[5] = bpf_core_type_matches(struct task_struct___kind);
	answers[6] = bpf_core_type_matches(struct no_such_struct);
	answers[7] = bpf_core_type_matches(enum pid_type);
	answers[8] = bpf_core_type_matches(enum pid_type___wrong);
	answers[9] = bpf_core_type_matches(atomic_t);
	answers[10] = bpf_core_type_matches(u64);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
#endif
