// Asio on io_uring: its operations, a handler, and coroutines. It has a ring of its own.
#define ASIO_HAS_IO_URING 1
#define ASIO_DISABLE_EPOLL 1
#include <asio.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/connect_pipe.hpp>
#include <asio/detached.hpp>
#include <asio/readable_pipe.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/writable_pipe.hpp>
#include <cstdio>

struct session : std::enable_shared_from_this<session> {
  asio::readable_pipe pipe;
  char data[32];
  explicit session(asio::readable_pipe given) : pipe(std::move(given)) {}
  void start() {
    auto self = shared_from_this();
    pipe.async_read_some(asio::buffer(data), [self](std::error_code error, std::size_t size) { // here: handler
      std::printf("%zu %d\n", size, error.value());
    });
  }
};

asio::awaitable<std::size_t> read_block(asio::readable_pipe &pipe) {
  char data[16];
  std::size_t size = co_await pipe.async_read_some(asio::buffer(data), asio::use_awaitable); // here: read_block
  co_return size;
}

asio::awaitable<void> echo(asio::readable_pipe pipe) {
  std::size_t size = co_await read_block(pipe); // here: echo
  std::printf("%zu\n", size);
}

int main() {
  asio::io_context context;
  asio::readable_pipe first(context), second(context);
  asio::writable_pipe one(context), two(context);
  asio::connect_pipe(first, one);
  asio::connect_pipe(second, two);
  std::make_shared<session>(std::move(first))->start();
  asio::co_spawn(context, echo(std::move(second)), asio::detached);
  context.poll();
  std::puts("ready");
  std::fflush(stdout);
  context.run();
}
