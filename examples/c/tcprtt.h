/* SPDX-License-Identifier: MIT */
#ifndef __TCPRTT_H
#define __TCPRTT_H

#define MAX_SLOTS 27

struct hist {
	__u64 latency;
	__u64 cnt;
	__u32 slots[MAX_SLOTS];
};

struct hist_key {
	__u16 family;
	__u8 addr[16];
};

#endif
