// Memory that was filled at random with what objects hold: addresses of code, of tables, of each other, and nonsense.
#include "armed.h"
#include <coroutine>
#include <functional>

struct Base {
  virtual int run(int n) { return n + 1; }
  virtual ~Base() {}
};
struct Derived : Base {
  int run(int n) override { return n + 2; }
};

static uint64_t state = 20261124;
static uint64_t next(uint64_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state % below;
}

int main() {
  constexpr int count = 500;
  uint64_t *blocks[count];
  size_t words[count];
  for (int i = 0; i < count; i++) {
    words[i] = 1 + next(40);
    blocks[i] = (uint64_t *)malloc(words[i] * 8);
  }
  Base *object = new Derived;
  std::function<int(int)> function = [object](int n) { return object->run(n); };
  uint64_t inside[8] = {};
  arm(1);
  uint64_t table = *(uint64_t *)object;
  auto value = [&]() -> uint64_t {
    switch (next(12)) {
    case 0:
      return (uint64_t)(uintptr_t)&main + next(64);
    case 1:
      return table + next(4) * 8;
    case 2:
      return *(uint64_t *)table;
    case 3:
      return (uint64_t)(uintptr_t)armed_sqes + next(4096);
    case 4:
      return (uint64_t)(uintptr_t)&printf;
    case 5:
      return ((uint64_t *)&function)[next(4)];
    case 6:
      return next(UINT64_MAX);
    case 7:
      return next(100);
    case 8:
      return (uint64_t)(uintptr_t)&inside[next(8)];
    case 9:
      return (uint64_t)(uintptr_t)stdout;
    default:
      return (uint64_t)(uintptr_t)(blocks[next(count)] + next(8));
    }
  };
  for (int i = 0; i < count; i++)
    for (size_t at = 0; at < words[i]; at++)
      blocks[i][at] = value();
  for (uint64_t &word : inside)
    word = value();
  for (int i = 0; i < count; i++)
    printf("%d 0x%llx\n", i, (unsigned long long)(next(4) ? (uint64_t)(uintptr_t)blocks[i] : value()));
  armed_wait();
}
