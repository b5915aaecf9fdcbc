#include "poll.h"

#include <uv.h>

#include "errors.h"
#include "js.h"

namespace bowline {

struct Poll::State {
  uv_poll_t handle;
  napi_async_cleanup_hook_handle hook = nullptr;
  Poll* poll = nullptr;
  void* owner = nullptr;
  Handler handler = nullptr;

  void closeHandle() {
    poll->state_ = nullptr;
    poll = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), [](uv_handle_t* closed) {
      State* state = static_cast<State*>(closed->data);
      napi_remove_async_cleanup_hook(state->hook);
      delete state;
    });
  }
};

Poll::Poll(napi_env env, int fd, void* owner, Handler handler) {
  uv_loop_s* loop = nullptr;
  check(env, napi_get_uv_event_loop(env, &loop));
  State* state = new State;
  const int result = uv_poll_init(loop, &state->handle, fd);
  if (result != 0) {
    delete state;
    throwSystem("uv_poll_init", -result);
  }
  state->handle.data = state;
  state->poll = this;
  state->owner = owner;
  state->handler = handler;
  state_ = state;
  const auto onEnvironmentEnd = [](napi_async_cleanup_hook_handle, void* data) {
    State* ending = static_cast<State*>(data);
    // A handle that is closing already removes the hook when it is done.
    if (ending->poll != nullptr) ending->closeHandle();
  };
  if (napi_add_async_cleanup_hook(env, onEnvironmentEnd, state, &state->hook) != napi_ok) {
    close();
    throwCoded("ERR_NATIVE", "the environment is ending");
  }
}

void Poll::watch(int events) {
  if (state_ == nullptr) return;
  if (events == 0) {
    uv_poll_stop(&state_->handle);
    return;
  }
  // Cannot fail: the handle is open and uv_poll_init() has seen that no other one has the descriptor.
  uv_poll_start(&state_->handle, events, [](uv_poll_t* handle, int status, int ready) {
    const State* state = static_cast<State*>(handle->data);
    state->handler(state->owner, status, ready);
  });
}

void Poll::keepLoopAlive(bool alive) {
  if (state_ == nullptr) return;
  uv_handle_t* handle = reinterpret_cast<uv_handle_t*>(&state_->handle);
  if (alive) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

void Poll::close() {
  if (state_ != nullptr) state_->closeHandle();
}

}  // namespace bowline
