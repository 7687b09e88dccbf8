// What programs in C++ give as user_data: objects with virtual functions, functors, lambdas.
#include "armed.h"
#include <functional>

static volatile int sink;

struct Op {
  virtual void complete(int) = 0;
  virtual ~Op() {}
};

namespace net {
struct AcceptOp final : Op { // here: AcceptOp
  int x = 1;
  void complete(int result) override { // here: accept
    sink += x + result;
  }
};

template <class Handler> struct ReadOp final : Op { // here: ReadOp
  Handler handler;
  explicit ReadOp(Handler given) : handler(given) {}
  void complete(int result) override { // here: read
    handler(result);
  }
};
} // namespace net

struct Named {
  virtual const char *name() { return "n"; }
  virtual ~Named() {}
};
struct Session : Named, Op { // here: Session
  int k = 7;
  void complete(int result) override; // here: declared
};
void Session::complete(int result) { // here: session
  sink += k + result;
}

struct Request {
  int id;
  std::function<void(int)> then;
};

// As libraries do it: no virtual functions, one function made for each handler.
struct Operation {
  Operation *next = nullptr;
  void (*run)(Operation *, int);
};
template <class Handler> struct HandlerOp : Operation { // here: HandlerOp
  Handler handler;
  explicit HandlerOp(Handler given) : handler(given) { run = &perform; }
  static void perform(Operation *base, int result) { // here: perform
    static_cast<HandlerOp *>(base)->handler(result);
  }
};

template <class Handler> static Op *read_op(Handler handler) { return new net::ReadOp<Handler>(handler); }
template <class Handler> static Operation *handler_op(Handler handler) {
  return new HandlerOp<Handler>(handler);
}

static void arm_object(const char *name, void *object) { arm_as(name, (uintptr_t)object); }

static void start() {
  int z = sink + 5;
  arm_object("virtual", static_cast<Op *>(new net::AcceptOp));
  arm_object("template", read_op([z](int n) { // here: template lambda
               sink += n + z;
             }));
  arm_object("member function", new Request{42, [z](int n) { // here: member lambda
                                              sink += n * z;
                                            }});
  arm_object("function", new std::function<void(int)>([z](int n) { // here: bare lambda
               sink += n - z;
             }));
  arm_object("second base", static_cast<Op *>(new Session));
  arm_object("handler", handler_op([z](int n) { // here: handler lambda
               sink += n / z;
             }));
}

int main() {
  start();
  armed_wait();
}
