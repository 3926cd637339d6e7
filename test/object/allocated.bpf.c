/* Memory of a type of the object's own, which the kernel knows by its id in the types that it got (Linux 6.3). */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

void *bpf_obj_new_impl(unsigned long long local_type_id, void *meta) __ksym;
void bpf_obj_drop_impl(void *object, void *meta) __ksym;

struct unused {
	char pad[100];
};

struct node {
	long value;
	long other;
};

struct unused nobody = {};

SEC("tc")
int allocate(struct __sk_buff *skb)
{
	struct node *node = bpf_obj_new_impl(bpf_core_type_id_local(struct node), 0);
	int value;

	if (!node)
		return 0;
	node->value = skb->len;
	node->other = 3;
	value = node->value + node->other;
	bpf_obj_drop_impl(node, 0);
	return value;
}

char LICENSE[] SEC("license") = "GPL";
