// Loads the kernel's BTF with libbpf and finds task_struct; prints milliseconds and kilobytes as JSON.
// Build: gcc -O2 btf_index.c -lbpf
#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static long resident(void)
{
	char line[256];
	long kilobytes = 0;
	FILE *status = fopen("/proc/self/status", "r");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmRSS: %ld", &kilobytes) == 1)
			break;
	if (status)
		fclose(status);
	return kilobytes;
}

int main(void)
{
	long before = resident();
	double start = now();
	struct btf *btf = btf__load_vmlinux_btf();
	int id = btf ? btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT) : -1;
	double spent = now() - start;
	if (id <= 0) {
		fprintf(stderr, "no BTF, or no task_struct in it\n");
		return 1;
	}
	__u32 size;
	btf__raw_data(btf, &size);
	printf("{\"id\": %d, \"milliseconds\": %.3f, \"megabytes\": %.3f}\n", id, spent,
	       (resident() - before) * 1024 / 1e6 - size / 1e6);
	return 0;
}
