// Creates a hash and a ring buffer and loads a program that refers to them: what loading costs in the kernel and libbpf.
// Usage: load INSTRUCTIONS     The file holds the program; its references to maps are by index, 0 and 1.
// Build: gcc -O2 load.c -lbpf
#include <bpf/bpf.h>
#include <stdio.h>
#include <time.h>

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	static struct bpf_insn code[4096];
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
	if (!file)
		return 2;
	size_t count = fread(code, sizeof(code[0]), 4096, file);
	double start = now();
	int maps[2] = {
		bpf_map_create(BPF_MAP_TYPE_HASH, "started", 4, 8, 8192, NULL),
		bpf_map_create(BPF_MAP_TYPE_RINGBUF, "events", 0, 0, 8 << 20, NULL),
	};
	for (size_t i = 0; i < count; i++)
		if (code[i].code == 0x18 && code[i].src_reg == BPF_PSEUDO_MAP_FD)
			code[i].imm = maps[code[i].imm & 1];
	int program = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "loaded", "GPL", code, count, NULL);
	double spent = now() - start;
	if (program < 0) {
		perror("bpf_prog_load");
		return 1;
	}
	printf("{\"milliseconds\": %.3f, \"instructions\": %zu}\n", spent, count);
	return 0;
}
