#include "readable_object.h"

#include <uv.h>

namespace bowline {

napi_value ReadableObject::startPolling(Call& call) {
  requireOpen();
  const napi_value function = call.function(0, "callback");
  if (!poll_.has_value()) poll_.emplace(call.env, fd_.get(), this, handler_);
  readable_.set(call.env, function);
  wait(true);
  hold(true);
  return call.undefined();
}

napi_value ReadableObject::stopPolling(Call& call) {
  wait(false);
  readable_.clear();
  hold(false);
  return call.undefined();
}

napi_value ReadableObject::close(Call& call) {
  poll_.reset();
  fd_.close();
  readable_.clear();
  hold(false);
  return call.undefined();
}

void ReadableObject::wait(bool isWanted) {
  if (poll_.has_value()) poll_->watch(isWanted ? UV_READABLE : 0);
}

void ReadableObject::letProcessEnd() {
  if (poll_.has_value()) poll_->keepLoopAlive(false);
}

void ReadableObject::endAtError(void* object, int, int) { static_cast<ReadableObject*>(object)->tell(); }

void ReadableObject::goOnAtError(void* object, int status, int) {
  ReadableObject* readable = static_cast<ReadableObject*>(object);
  if (status < 0 && readable->isPolled()) readable->wait(true);
  readable->tell();
}

}  // namespace bowline
