#include <sys/timerfd.h>
#include <uv.h>

#include <cmath>
#include <optional>

#include "file_descriptor.h"
#include "poll.h"
#include "wrapped_object.h"

namespace bowline {

// Fires once at an absolute CLOCK_BOOTTIME instant. That clock runs on during suspend, so a deadline
// that passed while the machine slept fires right after it wakes.
class DeadlineTimer final : public WrappedObject {
 public:
  static constexpr ObjectKind kKind = ObjectKind::kDeadlineTimer;

  explicit DeadlineTimer(Call& call) : WrappedObject(kKind) {
    const napi_value function = call.function(0, "callback");
    fd_ = FileDescriptor(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!fd_.isOpen()) throwSystem("timerfd_create");
    poll_.emplace(call.env, fd_.get(), this, [](void* owner, int, int) {
      static_cast<DeadlineTimer*>(owner)->onReadable();
    });
    poll_->watch(UV_READABLE);
    poll_->keepLoopAlive(false);
    callback_.set(call.env, function);
  }

  napi_value set(Call& call) {
    const double deadline = std::floor(call.number(0, "deadlineMicros"));
    if (!fd_.isOpen()) throwClosed("the timer");
    // Beyond this a nanosecond count no longer fits 64 bits; it is 292 years after boot.
    constexpr double kLatestMicros = 9.2e15;
    arm(deadline > kLatestMicros ? kLatestMicros : deadline);
    return call.undefined();
  }

  napi_value clear(Call& call) {
    if (!fd_.isOpen()) throwClosed("the timer");
    disarm();
    return call.undefined();
  }

  napi_value close(Call& call) {
    if (fd_.isOpen()) {
      armed_.reset();
      poll_.reset();
      fd_.close();
      callback_.clear();
      hold(false);
    }
    return call.undefined();
  }

 private:
  void arm(double deadlineMicros) {
    if (armed_ == deadlineMicros) return;
    // An all-zero time would disarm; one nanosecond after boot is as much in the past.
    const int64_t nanos = deadlineMicros <= 0 ? 1 : static_cast<int64_t>(deadlineMicros) * 1000;
    setTime(nanos);
    armed_ = deadlineMicros;
    poll_->keepLoopAlive(true);
    hold(true);
  }

  void disarm() {
    if (!armed_.has_value()) return;
    setTime(0);
    rest();
  }

  void rest() {
    armed_.reset();
    poll_->keepLoopAlive(false);
    hold(false);
  }

  void setTime(int64_t nanos) {
    itimerspec time{};
    time.it_value.tv_sec = nanos / 1000000000;
    time.it_value.tv_nsec = nanos % 1000000000;
    if (timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &time, nullptr) != 0) throwSystem("timerfd_settime");
  }

  void onReadable() {
    uint64_t expirations = 0;
    // A deadline moved after it expired leaves nothing to read.
    if (read(fd_.get(), &expirations, sizeof expirations) != sizeof expirations) return;
    rest();
    callback_.call();
  }

  FileDescriptor fd_;
  std::optional<Poll> poll_;
  Callback callback_;
  std::optional<double> armed_;
};

void defineDeadlineTimer(napi_env env, napi_value exports) {
  defineClass(env, exports, "DeadlineTimer", boundary<callConstructor<DeadlineTimer>>,
              {
                  method<DeadlineTimer, &DeadlineTimer::set>("set"),
                  method<DeadlineTimer, &DeadlineTimer::clear>("clear"),
                  method<DeadlineTimer, &DeadlineTimer::close>("close"),
              });
}

}  // namespace bowline
