/*
 * The second opinion: libbpf opens an object, answers its CO-RE relocations from a BTF file, and this prints the
 * instructions of each program, eight bytes a line. Whether the kernel takes them does not matter here.
 *
 *     instructions OBJECT BTF
 */
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, args);
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = argc > 2 ? argv[2] : NULL);
	struct bpf_program *program;
	struct bpf_object *object;

	libbpf_set_print(print);
	object = bpf_object__open_file(argv[1], &options);
	if (!object)
		return 2;
	bpf_object__load(object);
	bpf_object__for_each_program(program, object) {
		const struct bpf_insn *instructions = bpf_program__insns(program);
		size_t count = bpf_program__insn_cnt(program);

		printf("program %s\n", bpf_program__name(program));
		for (size_t i = 0; i < count; i++) {
			unsigned long long word;

			memcpy(&word, &instructions[i], sizeof(word));
			printf("%016llx\n", word);
		}
	}
	bpf_object__close(object);
	return 0;
}
