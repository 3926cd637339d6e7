/* SPDX-License-Identifier: MIT */
#ifndef __TCPCONNLAT_H
#define __TCPCONNLAT_H

#define TASK_COMM_LEN 16

struct event {
	unsigned char saddr[16];
	unsigned char daddr[16];
	char comm[TASK_COMM_LEN];
	unsigned long long delta_us;
	unsigned int tgid;
	unsigned short af;
	unsigned short lport;
	unsigned short dport;
};

#endif
