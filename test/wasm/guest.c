/* A guest of wasm-bpf: loads the object that is built into it and says what three ended processes left. */
typedef unsigned long long u64;
typedef unsigned int u32;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

IMPORT("wasm_bpf", "wasm_load_bpf_object") u64 load(const void *object, int size);
IMPORT("wasm_bpf", "wasm_close_bpf_object") int unload(u64 object);
IMPORT("wasm_bpf", "wasm_attach_bpf_program") int attach(u64 object, const char *name, const char *target);
IMPORT("wasm_bpf", "wasm_bpf_map_fd_by_name") int map_fd(u64 object, const char *name);
IMPORT("wasm_bpf", "wasm_bpf_map_operate") int operate(int fd, int cmd, void *key, void *value, void *next, u64 flags);
IMPORT("wasm_bpf", "wasm_bpf_buffer_poll")
int poll(u64 object, int fd, int (*on)(void *, void *, int), void *context, void *data, int size, int timeout);
IMPORT("wasi_snapshot_preview1", "fd_write") int fd_write(int fd, const void *parts, int count, int *written);
IMPORT("wasi_snapshot_preview1", "proc_exit") void proc_exit(int code);

static const unsigned char object[] = {
#include "object.inc"
};
static char data[512];
static int seen;

static void put(const char *text)
{
	struct { const char *at; int size; } part = { text, 0 };
	int written;

	while (text[part.size])
		part.size++;
	fd_write(1, &part, 1, &written);
}

static void number(int value)
{
	char text[12];
	int at = sizeof(text) - 1;
	u32 rest = value < 0 ? -value : value;

	text[at] = 0;
	do {
		text[--at] = '0' + rest % 10;
		rest /= 10;
	} while (rest);
	if (value < 0)
		text[--at] = '-';
	put(text + at);
}

static int on_exit(void *context, void *event, int size)
{
	u32 *fields = event;

	put("exit ");
	number(fields[2]);
	put("\n");
	seen++;
	return 0;
}

void _start(void)
{
	u64 handle = load(object, sizeof(object));
	int fd;

	if (!handle)
		proc_exit(1);
	/* What a guest gets wrong comes back as a number. */
	put("outside "), number(load((void *)0xfffffff0, 64) == 0), put("\n");
	put("no program "), number(attach(handle, "nobody", 0)), put("\n");
	put("no map "), number(map_fd(handle, "nobody")), put("\n");
	put("foreign descriptor "), number(operate(1, 1, data, data, 0, 0)), put("\n");
	if (attach(handle, "handle_exit", 0) < 0)
		proc_exit(2);
	fd = map_fd(handle, "rb");
	put("ready\n");
	for (int i = 0; i < 100 && seen < 3; i++)
		poll(handle, fd, on_exit, 0, data, sizeof(data), 100);
	put("closed "), number(unload(handle)), put("\n");
	proc_exit(seen >= 3 ? 0 : 3);
}
