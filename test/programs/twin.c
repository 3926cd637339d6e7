/* Another static function of the same name: linkers keep both. */
#include "probed.h"

__attribute__((noinline, noclone)) static long twin(long value) {
  __asm__ volatile("" : "+r"(value) : : "memory");
  return value + 2;
}

long other_twin(long value) { return twin(value); }
