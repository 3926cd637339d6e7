/* A program with every kind of argument, to be built with debug information. It reads one command a line and answers
 * each with a line:
 *
 *   call N       N times each of the functions below
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APART __attribute__((noinline))
/* Keeps a value, and the call that it comes of. */
#define KEEP(value) __asm__ volatile("" : : "r"(value) : "memory")

enum color { RED, GREEN = 5, BLUE = -1 };
typedef struct inner { int number; char name[8]; } inner_t;
typedef struct { int only; } unnamed_t;
struct undefined;

struct outer {
  int first;
  unsigned low : 3;
  int high : 5;
  const char *text;
  struct outer *next;
  inner_t inside;
  enum color color;
  union { int whole; char bytes[4]; };
  bool flag;
  int list[4];
  inner_t pair[2];
  int (*callback)(int);
};

struct small { int a; int b; };
struct middle { long a; long b; };
struct large { long a, b, c; };

APART int scalars(char c, unsigned char u, short s, unsigned n, long long l, bool b) {
  KEEP(c + u + s + n + l + b);
  return 1;
}

APART int pointers(const char *text, struct outer *outer, enum color color, unnamed_t *unnamed, struct undefined *none) {
  KEEP(*text);
  KEEP(outer->first + color + unnamed->only);
  KEEP(none);
  return 2;
}

APART int many(int a, int b, int c, int d, int e, int f, int g, long h) {
  KEEP(a + b + c + d + e + f + g + h);
  return 3;
}

APART int values(struct small s, struct middle m, struct large l, int last) {
  KEEP(s.a + s.b + m.a + m.b + l.a + l.c + last);
  return 4;
}

APART int floats(double d, int first, float f, int second) {
  KEEP((int)d + first + (int)f + second);
  return 5;
}

APART static struct large result(int number) {
  struct large made = { number, number + 1, number + 2 };
  KEEP(&made);
  return made;
}

static inline __attribute__((always_inline)) int inlined(int value) {
  __asm__ volatile("nop" : : "r"(value) : "memory"); /* line of inlined */
  return value * 2;
}

APART int caller(int value) {
  int once = inlined(value);
  KEEP(once);
  return once + inlined(value + 1);
}

APART static void call(void) {
  struct outer outer = {
    .first = 42, .low = 5, .high = -3, .text = "inside", .inside = { 7, "inner" }, .color = GREEN, .whole = 9,
    .flag = true, .list = { 1, 2, 3, 4 }, .pair = { { 1, "x" }, { 2, "y" } },
  };
  unnamed_t unnamed = { 3 };
  outer.next = &outer;
  /* What was never touched is not in memory, and no probe can read it. */
  KEEP(*(volatile const char *)outer.text);
  KEEP(&outer);
  KEEP(&unnamed);
  KEEP(scalars('c', 200, -2, 4000000000u, 1ll << 40, true));
  KEEP(pointers("text", &outer, GREEN, &unnamed, NULL));
  KEEP(many(1, 2, 3, 4, 5, 6, 7, 1l << 33));
  KEEP(values((struct small){ 1, 2 }, (struct middle){ 3, 4 }, (struct large){ 5, 6, 7 }, 8));
  KEEP(floats(1.5, 11, 2.5f, 12));
  KEEP(result(20).c);
  KEEP(caller(30));
}

int main(void) {
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    if (strncmp(line, "call ", 5) == 0) {
      for (int count = atoi(line + 5); count > 0; count--) call();
      puts("called");
    } else {
      puts("?");
    }
    fflush(stdout);
  }
  return 0;
}
