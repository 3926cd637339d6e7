/* C++ names: overloads, templates, members, operators. Reads a line, calls everything once, answers. */
#include <cstdio>

namespace shapes {

struct Circle {
  long radius;
  __attribute__((noinline)) long area() const;
  __attribute__((noinline)) bool operator==(const Circle &other) const;
};

long Circle::area() const {
  long result = radius * radius;
  asm volatile("" : "+r"(result) : : "memory");
  return result;
}

bool Circle::operator==(const Circle &other) const {
  long mine = radius;
  asm volatile("" : "+r"(mine) : : "memory");
  return mine == other.radius;
}

__attribute__((noinline)) long scale(int value) {
  long result = value;
  asm volatile("" : "+r"(result) : : "memory");
  return result * 2;
}

__attribute__((noinline)) long scale(double value) {
  long result = static_cast<long>(value);
  asm volatile("" : "+r"(result) : : "memory");
  return result * 3;
}

template <typename T> __attribute__((noinline)) long sum(T a, T b) {
  long result = static_cast<long>(a) + static_cast<long>(b);
  asm volatile("" : "+r"(result) : : "memory");
  return result;
}

template long sum<int>(int, int);

} // namespace shapes

int main() {
  char line[64];
  setvbuf(stdout, nullptr, _IOLBF, 0);
  while (fgets(line, sizeof line, stdin)) {
    shapes::Circle a{3}, b{3};
    long total = a.area() + (a == b) + shapes::scale(2) + shapes::scale(2.0) + shapes::sum<int>(1, 2);
    printf("%ld\n", total);
  }
  return 0;
}
