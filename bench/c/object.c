/* Opens and loads a BPF object with libbpf: `object FILE`. Prints the milliseconds of both steps as JSON. */
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return 0;
}

int main(int argc, char **argv)
{
	double start = now(), opened, loaded;
	struct bpf_object *object;

	libbpf_set_print(quiet);
	object = argc == 2 ? bpf_object__open(argv[1]) : NULL;
	if (!object)
		return 2;
	opened = now();
	if (bpf_object__load(object))
		return 1;
	loaded = now();
	printf("{\"open\": %.3f, \"load\": %.3f}\n", opened - start, loaded - opened);
	return 0;
}
