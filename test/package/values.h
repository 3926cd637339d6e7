#ifndef __VALUES_H
#define __VALUES_H
enum color { RED = 1, GREEN, BLUE = 7 };
enum big { HUGE_ONE = 0x100000000ULL, SMALL_ONE = 1 };
enum neg { MINUS = -3, ZERO = 0 };
struct inner { int a; char name[8]; union { unsigned int u; float f; } un; };
typedef struct { short x, y; } point_t;
struct event {
	unsigned char u8v; signed char s8v; char c; _Bool ok;
	unsigned short u16v; short s16v;
	unsigned int u32v; int s32v;
	unsigned long long u64v; long long s64v;
	unsigned __int128 u128v; __int128 s128v;
	float f; double d;
	enum color col; enum color colbad; enum big big; enum neg neg;
	struct inner in; point_t pts[2];
	int arr[3]; unsigned char mac[6]; int mat[2][2];
	unsigned int b1:1, b3:3; int sb:5; unsigned long long wide:40;
	void *ptr; struct event *self;
	struct { int anon1; union { int anon2; long anon3; }; };
	char comm[16];
	char full[4];
};
#endif
