/* A program to be observed. It reads one command a line and answers each with a line:
 *
 *   calls N      N times outer(i) -> middle(i) -> leaf(i); answers the sum
 *   twins N      N times each of the two functions that share a name
 *   usdt N       N times each probe; answers how many of the guarded one were on
 *   library N    N times library_work(i)
 *   threads N    N threads, alive until the next command, and then for 50 ms of work each
 *   watched N    writes the watched variable N times
 *   address X    answers the address of leaf, middle, outer, watched or library_work
 *   spin N       N milliseconds of work in outer
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "probed.h"
#include "usdt.h"

USDT_SEMAPHORE(probed_guarded_semaphore);

__attribute__((used)) volatile long watched = 1;
__attribute__((used)) static volatile int global_counter = 40;

__attribute__((noinline, noclone)) long leaf(long value) {
  __asm__ volatile("" : "+r"(value) : : "memory");
  return value * 2;
}

__attribute__((noinline, noclone)) long middle(long value) {
  long result = leaf(value + 1);
  __asm__ volatile("" : "+r"(result) : : "memory");
  return result + 1;
}

__attribute__((noinline, noclone)) long outer(long value) {
  long result = middle(value + 1);
  __asm__ volatile("" : "+r"(result) : : "memory");
  return result + 1;
}

__attribute__((noinline, noclone)) static long twin(long value) {
  __asm__ volatile("" : "+r"(value) : : "memory");
  return value + 1;
}

__attribute__((noinline, noclone)) static void fire_plain(int number, long wide, const char *text) {
#if defined(__x86_64__)
  __asm__ volatile(USDT_NOTE("probed", "plain", "0", "-4@%0 8@%1 8@%2 -4@$-7") : : "r"(number), "r"(wide), "r"(text));
#else
  __asm__ volatile(USDT_NOTE("probed", "plain", "0", "-4@%w0 8@%1 8@%2 -4@-7") : : "r"(number), "r"(wide), "r"(text));
#endif
}

__attribute__((noinline, noclone)) static int fire_guarded(long value) {
  if (probed_guarded_semaphore == 0) return 0;
  __asm__ volatile(USDT_NOTE("probed", "guarded", "probed_guarded_semaphore", "8@%0") : : "r"(value));
  return 1;
}

__attribute__((noinline, noclone)) static void fire_memory(long value) {
  struct {
    long before, value, table[4];
  } frame = {1, value, {value, value + 1, value + 2, value + 3}};
  long index = 2;
  long *base = frame.table;
#if defined(__x86_64__)
  __asm__ volatile(USDT_NOTE("probed", "memory", "0", "8@8(%0) 8@(%1,%2,8) 4@global_counter(%%rip) 1@%b3")
                   :
                   : "r"(&frame), "r"(base), "r"(index), "a"(value)
                   : "memory");
#else
  __asm__ volatile(USDT_NOTE("probed", "memory", "0", "8@[%0, 8] 8@[%1, %2, lsl 3]")
                   :
                   : "r"(&frame), "r"(base), "r"(index)
                   : "memory");
#endif
}

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static long long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void *thread_main(void *argument) {
  long value = (long)argument;
  pthread_mutex_lock(&held);
  pthread_mutex_unlock(&held);
  for (long long end = now_ms() + 50; now_ms() < end;) value = leaf(value) & 1;
  return NULL;
}

static const void *address_of(const char *name) {
  if (strcmp(name, "leaf") == 0) return (const void *)leaf;
  if (strcmp(name, "middle") == 0) return (const void *)middle;
  if (strcmp(name, "outer") == 0) return (const void *)outer;
  if (strcmp(name, "library_work") == 0) return (const void *)library_work;
  return (const void *)&watched;
}

int main(void) {
  char line[256];
  char word[64];
  char rest[64];
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (fgets(line, sizeof line, stdin)) {
    rest[0] = 0;
    if (sscanf(line, "%63s %63s", word, rest) < 1) continue;
    long count = strtol(rest, NULL, 10);
    long sum = 0;
    if (strcmp(word, "calls") == 0) {
      for (long i = 0; i < count; i++) sum += outer(i);
    } else if (strcmp(word, "twins") == 0) {
      for (long i = 0; i < count; i++) sum += twin(i) + other_twin(i);
    } else if (strcmp(word, "usdt") == 0) {
      for (long i = 0; i < count; i++) {
        fire_plain((int)-i, i << 33, "some text");
        fire_memory(i);
        sum += fire_guarded(i);
      }
    } else if (strcmp(word, "library") == 0) {
      for (long i = 0; i < count; i++) sum += library_work(i);
    } else if (strcmp(word, "threads") == 0) {
      pthread_t threads[64];
      if (count > 64) count = 64;
      pthread_mutex_lock(&held);
      for (long i = 0; i < count; i++) pthread_create(&threads[i], NULL, thread_main, (void *)i);
      printf("%ld\n", count);
      if (!fgets(line, sizeof line, stdin)) return 0;
      pthread_mutex_unlock(&held);
      for (long i = 0; i < count; i++) pthread_join(threads[i], NULL);
    } else if (strcmp(word, "watched") == 0) {
      for (long i = 0; i < count; i++) watched = i;
    } else if (strcmp(word, "spin") == 0) {
      for (long long end = now_ms() + count; now_ms() < end;) sum += outer(sum & 1);
      sum = 0;
    } else if (strcmp(word, "address") == 0) {
      printf("%p\n", address_of(rest));
      continue;
    }
    printf("%ld\n", sum);
  }
  return 0;
}
