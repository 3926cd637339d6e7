/* The user side of exitsnoop with libbpf: `exitsnoop exitsnoop.bpf.o`. Says when it is attached, prints events. */
#include <bpf/libbpf.h>
#include <stdio.h>

struct event {
	int pid;
	int ppid;
	unsigned exit_code;
	unsigned long long duration_ns;
	char comm[16];
};

static int on_event(void *context, void *data, size_t size)
{
	const struct event *e = data;

	printf("%d %d %u %llu %s\n", e->pid, e->ppid, e->exit_code, e->duration_ns, e->comm);
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object = argc == 2 ? bpf_object__open(argv[1]) : NULL;
	struct ring_buffer *ring;
	struct bpf_program *program;

	if (!object || bpf_object__load(object))
		return 1;
	bpf_object__for_each_program(program, object)
		if (!bpf_program__attach(program))
			return 1;
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "rb"), on_event, NULL, NULL);
	printf("TIME\n");
	fflush(stdout);
	while (ring_buffer__poll(ring, 100) >= 0)
		fflush(stdout);
	return 0;
}
