// One kernel function under several names: each is what the kernel's would be in some release.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

extern void bpf_rcu_read_lock___mine(void) __ksym __weak;
extern void bpf_rcu_read_unlock___mine(void) __ksym __weak;
extern int bpf_rcu_read_lock___other(int, int) __ksym __weak;

SEC("raw_tp/sys_enter")
int program(void *ctx)
{
	int found = 0;

	if (bpf_rcu_read_lock___other)
		found |= bpf_rcu_read_lock___other(1, 2) | 2;
	if (bpf_rcu_read_lock___mine) {
		bpf_rcu_read_lock___mine();
		bpf_rcu_read_unlock___mine();
		found |= 1;
	}
	return found;
}
