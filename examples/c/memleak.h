/* SPDX-License-Identifier: MIT */
#ifndef __MEMLEAK_H
#define __MEMLEAK_H

struct alloc_info {
	__u64 size;
	__u64 timestamp_ns;
	int stack_id;
};

struct combined {
	__u64 total_size;
	__u64 number_of_allocs;
};

#endif
