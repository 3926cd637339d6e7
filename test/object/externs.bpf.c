/* What a program asks the kernel for by name: functions, variables, addresses, configuration. */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>


struct rq {
	int cpu;
};

extern const struct rq runqueues __ksym;
extern const void bpf_prog_put __ksym;
extern const void no_such_symbol __ksym __weak;
extern const int no_such_variable __ksym __weak;
void bpf_rcu_read_lock(void) __ksym __weak;
void bpf_rcu_read_unlock(void) __ksym __weak;
int no_such_kfunc(int value) __ksym __weak;

extern unsigned int LINUX_KERNEL_VERSION __kconfig;
extern bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;
extern bool LINUX_HAS_BPF_COOKIE __kconfig;
extern enum libbpf_tristate CONFIG_BPF_SYSCALL __kconfig;
extern int CONFIG_HZ __kconfig;
extern char CONFIG_DEFAULT_HOSTNAME[16] __kconfig __weak;
extern int CONFIG_OF_NOBODY __kconfig __weak;

unsigned long long put_address = 0;
unsigned long long missing_address = 1;
unsigned int version = 0;
int hz = 0;
int tristate = 0;
int nobody = 1;
bool wrapper = false;
bool cookie = false;
bool has_rcu = false;
bool has_none = true;
bool has_runqueues = false;
char hostname[16] = {};

SEC("raw_tp/sys_enter")
int ask(void *ctx)
{
	put_address = (unsigned long long)&bpf_prog_put;
	missing_address = (unsigned long long)&no_such_symbol;
	version = LINUX_KERNEL_VERSION;
	wrapper = LINUX_HAS_SYSCALL_WRAPPER;
	cookie = LINUX_HAS_BPF_COOKIE;
	tristate = CONFIG_BPF_SYSCALL;
	hz = CONFIG_HZ;
	nobody = CONFIG_OF_NOBODY;
	for (int i = 0; i < sizeof(hostname); i++)
		hostname[i] = CONFIG_DEFAULT_HOSTNAME[i];
	if (&no_such_variable)
		has_none = true;
	has_none = no_such_kfunc != 0;
	if (no_such_kfunc)
		no_such_kfunc(1);
	if (bpf_rcu_read_lock) {
		bpf_rcu_read_lock();
		has_rcu = true;
		bpf_rcu_read_unlock();
	}
	return 0;
}

SEC("?raw_tp/sys_enter")
int per_cpu(void *ctx)
{
	has_runqueues = bpf_per_cpu_ptr(&runqueues, 0) != 0;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
