#pragma once

#include <node_api.h>

namespace bowline {

// Waits for readiness of one file descriptor on the environment's event loop. The libuv handle lives
// on the heap apart from this object, since libuv frees it only in a later loop turn, and it is closed
// by itself when the environment ends first.
class Poll {
 public:
  // `status` is 0 or a negative libuv error (the descriptor reports an error condition; libuv has
  // stopped polling then). `events` are UV_READABLE and UV_WRITABLE bits.
  using Handler = void (*)(void* owner, int status, int events);

  // `fd` must stay open until close(); `owner` must outlive this object.
  Poll(napi_env env, int fd, void* owner, Handler handler);
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
  ~Poll() { close(); }

  // Level triggered; replaces the events asked for before. `events` 0 stops.
  void watch(int events);
  // Whether the wait keeps the process from ending.
  void keepLoopAlive(bool alive);
  void close();

 private:
  struct State;
  State* state_ = nullptr;
};

}  // namespace bowline
