/* SPDX-License-Identifier: MIT */
#ifndef __MARKERS_H
#define __MARKERS_H

struct marker {
	long long wide;
	int number;
	int constant;
	int count;
	int sizes[2];
	int beyond;
	char text[16];
};

#endif
