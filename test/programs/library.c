/* A shared library to be observed, with a probe of its own that has a semaphore. */
#include "probed.h"
#include "usdt.h"

USDT_SEMAPHORE(library_work_semaphore);

__attribute__((noinline, noclone)) static long hidden_step(long value) {
  __asm__ volatile("" : "+r"(value) : : "memory");
  return value + 3;
}

long library_work(long value) {
  __asm__ volatile(USDT_NOTE("library", "work", "library_work_semaphore", "8@%0") : : "r"(value));
  return hidden_step(value) * (library_work_semaphore ? 2 : 1);
}
