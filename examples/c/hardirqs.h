/* SPDX-License-Identifier: MIT */
#ifndef __HARDIRQS_H
#define __HARDIRQS_H

#define MAX_SLOTS 20

struct irq_key {
	char name[32];
};

struct info {
	__u64 count;
	__u32 slots[MAX_SLOTS];
};

#endif
