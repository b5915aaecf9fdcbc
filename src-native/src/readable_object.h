#pragma once

#include <optional>

#include "file_descriptor.h"
#include "poll.h"
#include "wrapped_object.h"

namespace bowline {

// A native object that calls JavaScript back while its descriptor has something to read, until told to stop.
class ReadableObject : public WrappedObject {
 public:
  napi_value startPolling(Call& call);
  napi_value stopPolling(Call& call);
  napi_value close(Call& call);

 protected:
  // `what` is a literal that names the object in messages. `handler` is given the object as a ReadableObject.
  ReadableObject(ObjectKind kind, const char* what, Poll::Handler handler)
      : WrappedObject(kind), what_(what), handler_(handler) {}

  // Two handlers that tell JavaScript. libuv stops waiting at an error condition: with the first it stays so, the
  // second is for conditions that reading takes away.
  static void endAtError(void* object, int status, int events);
  static void goOnAtError(void* object, int status, int events);

  void requireOpen() const {
    if (!fd_.isOpen()) throwClosed(what_);
  }
  bool isPolled() const { return readable_.isSet(); }
  // Without effect before the first startPolling().
  void wait(bool isWanted);
  // The wait does not keep the process from ending.
  void letProcessEnd();
  // JavaScript may close everything, so nothing of this object is used after it.
  void tell() const {
    if (readable_.isSet()) readable_.call();
  }

  // Opened by the class; stays the same until close().
  FileDescriptor fd_;

 private:
  const char* const what_;
  const Poll::Handler handler_;
  std::optional<Poll> poll_;
  Callback readable_;
};

}  // namespace bowline
