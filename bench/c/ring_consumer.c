// Drains a ring buffer map once with libbpf and prints nanoseconds per record: the yardstick of bench/ring.ts.
// Usage: ring_consumer MAP_ID count|fields|lines      Build: gcc -O2 ring_consumer.c -lbpf
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct record {
	uint64_t sequence;
	uint64_t time;
	uint64_t rest[6];
};

static uint64_t records;
static volatile uint64_t sum;
static FILE *out;

static int count(void *context, void *data, size_t size)
{
	records++;
	return 0;
}

static int fields(void *context, void *data, size_t size)
{
	const struct record *record = data;
	records++;
	sum += record->sequence + record->time + record->rest[0] + record->rest[5];
	return 0;
}

static int lines(void *context, void *data, size_t size)
{
	const struct record *record = data;
	records++;
	fprintf(out, "%lu %lu\n", record->sequence, record->time);
	return 0;
}

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e9 + at.tv_nsec;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	int fd = bpf_map_get_fd_by_id(atoi(argv[1]));
	if (fd < 0) {
		perror("bpf_map_get_fd_by_id");
		return 1;
	}
	out = fopen("/dev/null", "w");
	ring_buffer_sample_fn reader = strcmp(argv[2], "lines") == 0 ? lines :
				       strcmp(argv[2], "fields") == 0 ? fields : count;
	struct ring_buffer *ring = ring_buffer__new(fd, reader, NULL, NULL);
	if (!ring) {
		perror("ring_buffer__new");
		return 1;
	}
	double start = now();
	ring_buffer__consume(ring);
	double spent = now() - start;
	printf("%lu %.2f\n", records, spent / records);
	ring_buffer__free(ring);
	return 0;
}
