/* Frames that frame pointers do not lead through: it is built without them. It reads one command a line, calls spot in
 * the way that the command names, and answers with the line:
 *
 *   recursion N   N calls of one function in another
 *   signal        from a handler
 *   other         from a handler that has a stack of its own
 *   aligned       from a function that aligns its frame
 *   growing N     from a function whose frame has N bytes more
 *   sorted        from a function that the C library calls
 *   thread        from another thread
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define SEEN __attribute__((noinline, noclone))

volatile long sink;

SEEN void spot(long value) {
  sink += value;
  __asm__ volatile("" : : : "memory");
}

SEEN long recurse(long depth) {
  volatile char place[40];
  place[depth & 31] = (char)depth;
  if (depth <= 1) spot(depth);
  else sink += recurse(depth - 1);
  return place[depth & 31];
}

SEEN static void on_signal(int number) {
  volatile int kept = number;
  spot(number);
  sink += kept;
}

SEEN void raised(void) {
  volatile long kept[9] = {1};
  raise(SIGUSR1);
  sink += kept[0];
}

SEEN void aligned(long value) {
  long kept[8] __attribute__((aligned(64)));
  kept[value & 7] = value;
  __asm__ volatile("" : : "r"(kept) : "memory");
  spot(value);
  sink += kept[value & 7];
}

SEEN void growing(long bytes) {
  char *kept = __builtin_alloca(bytes);
  memset(kept, 1, bytes);
  __asm__ volatile("" : : "r"(kept) : "memory");
  spot(bytes);
  sink += kept[bytes - 1];
}

SEEN static int compared(const void *left, const void *right) {
  spot(1);
  sink++;
  return *(const int *)left - *(const int *)right;
}

SEEN void sorted(void) {
  int numbers[2] = {2, 1};
  qsort(numbers, 2, sizeof(int), compared);
  sink += numbers[0];
}

SEEN static void *threaded(void *argument) {
  recurse(2);
  return argument;
}

int main(void) {
  static char other[1 << 16];
  const stack_t elsewhere = {.ss_sp = other, .ss_size = sizeof other};
  struct sigaction action = {.sa_handler = on_signal};
  char line[64], word[64];
  setvbuf(stdout, NULL, _IOLBF, 0);
  sigaltstack(&elsewhere, NULL);
  while (fgets(line, sizeof line, stdin)) {
    long number = 0;
    if (sscanf(line, "%63s %ld", word, &number) < 1) continue;
    action.sa_flags = strcmp(word, "other") == 0 ? SA_ONSTACK : 0;
    sigaction(SIGUSR1, &action, NULL);
    if (strcmp(word, "recursion") == 0) recurse(number);
    else if (strcmp(word, "aligned") == 0) aligned(3);
    else if (strcmp(word, "growing") == 0) growing(number);
    else if (strcmp(word, "sorted") == 0) sorted();
    else if (strcmp(word, "thread") == 0) {
      pthread_t thread;
      pthread_create(&thread, NULL, threaded, NULL);
      pthread_join(thread, NULL);
    } else raised();
    printf("%s\n", word);
  }
  return 0;
}
