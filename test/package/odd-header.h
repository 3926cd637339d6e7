/* struct commented_out { int x; }; */
// struct also_commented { int y; };
#ifndef __ODD_HEADER_H
#define __ODD_HEADER_H
#define OPEN struct in_a_macro {
struct fwd;
struct /* why */ packed_event
/* comment between */
{ // after the brace
	int a; /* struct in_comment { */
	/** documented */ char *s /* here */ ; char comm[16]; ///< behind
} __attribute__((packed));
struct __attribute__((aligned(8))) aligned_event { long b; };
typedef struct { int z; struct { int deep; } d; } plain_t;
typedef struct tagged { int z; } tagged_t;
typedef union { int u; } no_struct_t;
static inline int f(struct packed_event *e) { return e->a; }
#endif
