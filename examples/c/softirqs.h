/* SPDX-License-Identifier: MIT */
#ifndef __SOFTIRQS_H
#define __SOFTIRQS_H

#define MAX_SLOTS 20

struct hist {
	__u64 count;
	__u64 total;
	__u32 slots[MAX_SLOTS];
};

#endif
