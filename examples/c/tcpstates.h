/* SPDX-License-Identifier: MIT */
#ifndef __TCPSTATES_H
#define __TCPSTATES_H

#define TASK_COMM_LEN 16

struct event {
	unsigned long long skaddr;
	unsigned long long ts_us;
	unsigned long long delta_us;
	unsigned int pid;
	int oldstate;
	int newstate;
	unsigned short family;
	unsigned short sport;
	unsigned short dport;
	char task[TASK_COMM_LEN];
	unsigned char saddr[16];
	unsigned char daddr[16];
};

#endif
