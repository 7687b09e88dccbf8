// Coroutines of C++20 that await reads through io_uring.
#include "armed.h"
#include <coroutine>
#include <exception>
#include <string>
#include <utility>

static const char *next_name;

struct Read { // user_data: the awaiter, in the coroutine's frame
  int result = 0;
  std::coroutine_handle<> handle{};
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> suspended) noexcept {
    handle = suspended;
    arm_as(next_name, (uintptr_t)this);
  }
  int await_resume() noexcept { return result; }
};
struct ReadByHandle : Read { // user_data: the frame
  void await_suspend(std::coroutine_handle<> suspended) noexcept {
    handle = suspended;
    arm_as(next_name, (uintptr_t)suspended.address());
  }
};
struct Heap { // user_data: an object elsewhere that has the handle
  struct Waiting {
    long number;
    std::coroutine_handle<> handle;
  } *waiting = nullptr;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> suspended) noexcept {
    waiting = new Waiting{1, suspended};
    arm_as(next_name, (uintptr_t)waiting);
  }
  int await_resume() noexcept { return (int)waiting->number; }
};
struct Ready {
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) noexcept {}
  int await_resume() noexcept { return 4; }
};

template <class T> struct Task {
  struct promise_type {
    T value;
    std::coroutine_handle<> continuation;
    Task get_return_object() {
      return Task{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) noexcept {
        auto next = ended.promise().continuation;
        return next ? next : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_value(T given) { value = given; }
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
  explicit Task(std::coroutine_handle<promise_type> given) : handle(given) {}
  Task(Task &&other) : handle(std::exchange(other.handle, {})) {}
  ~Task() {
    if (handle)
      handle.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    handle.promise().continuation = awaiting;
    return handle;
  }
  T await_resume() { return handle.promise().value; }
};

namespace store {
Task<int> read_header(int size) {
  int first = co_await Ready{};
  int second = co_await Read{}; // here: read_header
  int third = co_await Read{};
  co_return first + second + third + size;
}
} // namespace store
Task<int> handle_request(std::string who) {
  int early = co_await Ready{};
  int size = co_await store::read_header((int)who.size()); // here: handle_request
  co_return size + early;
}
Task<int> serve_connection() {
  int total = 0;
  for (int i = 0; i < 3; i++)
    total += co_await handle_request("client" + std::to_string(i)); // here: serve_connection
  co_return total;
}
Task<int> by_handle() {
  int before = co_await Ready{};
  int size = co_await ReadByHandle{}; // here: by_handle
  co_return size + before;
}
Task<int> through_heap() {
  int before = co_await Ready{};
  int size = co_await Heap{}; // here: through_heap
  co_return size + before;
}

struct Server {
  int factor = 3;
  Task<int> session(int number) {
    int before = co_await Ready{};
    int size = co_await Read{}; // here: session
    co_return size *factor + before + number;
  }
};
template <class T> Task<T> generic(T value) {
  T before = co_await Ready{};
  T size = co_await Read{}; // here: generic
  co_return size + before + value;
}

int main() {
  Server server;
  auto session = server.session(2);
  auto made = generic(5L);
  auto lambda = [](int number) -> Task<int> {
    int before = co_await Ready{};
    int size = co_await Read{}; // here: lambda
    co_return size + before + number;
  };
  auto called = lambda(4);
  next_name = "member";
  session.handle.resume();
  next_name = "template";
  made.handle.resume();
  next_name = "lambda";
  called.handle.resume();
  auto served = serve_connection();
  auto handled = by_handle();
  auto heaped = through_heap();
  next_name = "awaiter";
  served.handle.resume();
  next_name = "handle";
  handled.handle.resume();
  next_name = "heap";
  heaped.handle.resume();
  armed_wait();
}
