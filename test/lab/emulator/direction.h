// One direction of an emulated link: what becomes of a frame between its arrival and its delivery.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <vector>

#include "port.h"

namespace lab {

using Nanos = std::int64_t;

constexpr unsigned kSendBatch = 64;
// Frames due within this time leave together. A wake-up costs a virtual machine about 30 us: at 100 Mbit/s one for
// each frame takes half a core, one for each 150 us a quarter. Twice as much would be seen in a 1 ms delay.
constexpr Nanos kCoalesce = 150'000;
constexpr Nanos kMilli = 1'000'000;

inline Nanos now_nanos() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<Nanos>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// splitmix64: one multiplication chain a number, full period, any seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  double signed_unit() { return unit() * 2 - 1; }

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

struct Frame {
  std::array<std::uint8_t, kFrameBytes> bytes;
  std::uint32_t length;
};

// Frames of all links; grows to what is in flight and stays there.
class FramePool {
 public:
  Frame* take(const std::uint8_t* bytes, std::uint32_t length) {
    if (free_.empty()) {
      all_.push_back(std::make_unique<Frame>());
      free_.push_back(all_.back().get());
    }
    Frame* frame = free_.back();
    free_.pop_back();
    frame->length = length;
    std::memcpy(frame->bytes.data(), bytes, length);
    return frame;
  }
  void give_back(Frame* frame) { free_.push_back(frame); }

 private:
  std::vector<std::unique_ptr<Frame>> all_;
  std::vector<Frame*> free_;
};

struct Shape {
  double rate_bits_per_second = 0;
  double queue_ms = 0;
  double delay_ms = 0;
  double jitter_ms = 0;
  double loss_ratio = 0;
  double loss_burst_frames = 1;
  double duplicate_ratio = 0;
  bool reorders = false;
  bool black_hole = false;
};

struct Counters {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t lost = 0;
  std::uint64_t queue_drops = 0;
  std::uint64_t black_holed = 0;
  std::uint64_t carrier_drops = 0;
  std::uint64_t kernel_drops = 0;
};

// What became of one frame.
struct Fate {
  Nanos arrived;
  Nanos due;  // 0: it was not delivered
};

// Jitter without reordering: the delay wanders between random values, drawn so rarely that it falls by at most half a
// millisecond a millisecond. Independent draws would only push every frame to the latest one before it.
class WanderingJitter {
 public:
  double at(Nanos now, double jitter_ms, Random& random) {
    const Nanos step = std::max<Nanos>(10 * kMilli, static_cast<Nanos>(jitter_ms * 4.0 * static_cast<double>(kMilli)));
    if (now - began_ > 2 * step) {
      from_ = random.signed_unit();
      to_ = random.signed_unit();
      began_ = now;
    }
    while (now - began_ >= step) {
      from_ = to_;
      to_ = random.signed_unit();
      began_ += step;
    }
    const double share = static_cast<double>(now - began_) / static_cast<double>(step);
    return jitter_ms * (from_ + (to_ - from_) * share);
  }

 private:
  Nanos began_ = -(Nanos{1} << 62);
  double from_ = 0;
  double to_ = 0;
};

class Direction {
 public:
  Direction(FramePool& pool, std::uint64_t seed) : pool_(pool), random_(seed), jitter_random_(seed ^ 0x6a09e667U) {}

  Shape shape;
  Counters counters;
  // Of frames at least this long while something is recorded.
  std::optional<std::uint32_t> recorded_bytes;
  std::vector<Fate> fates;

  void accept(const std::uint8_t* bytes, std::uint32_t length, Nanos now) {
    const Nanos due = decide(bytes, length, now);
    if (recorded_bytes && length >= *recorded_bytes) fates.push_back({now, due});
  }

  std::optional<Nanos> next_due() const {
    return waiting_.empty() ? std::nullopt : std::optional(waiting_.front().due);
  }

  // Sends what is due. `out` may be absent: then the frames are lost, as on a link without carrier.
  void deliver(const Port* out, Nanos now) {
    while (!waiting_.empty() && waiting_.front().due <= now + kCoalesce) {
      std::array<Frame*, kSendBatch> batch{};
      std::array<iovec, kSendBatch> parts{};
      std::array<mmsghdr, kSendBatch> messages{};
      unsigned count = 0;
      while (count < kSendBatch && !waiting_.empty() && waiting_.front().due <= now + kCoalesce) {
        std::pop_heap(waiting_.begin(), waiting_.end(), later);
        Frame* frame = waiting_.back().frame;
        waiting_.pop_back();
        batch[count] = frame;
        parts[count] = {frame->bytes.data(), frame->length};
        messages[count].msg_hdr.msg_iov = &parts[count];
        messages[count].msg_hdr.msg_iovlen = 1;
        ++count;
      }
      send(out, messages.data(), count);
      for (unsigned index = 0; index < count; ++index) pool_.give_back(batch[index]);
    }
  }

  // Loses what is under way, as a pulled cable does.
  void flush() {
    counters.carrier_drops += waiting_.size();
    for (const Waiting& waiting : waiting_) pool_.give_back(waiting.frame);
    waiting_.clear();
    busy_until_ = 0;
  }

 private:
  struct Waiting {
    Nanos due;
    std::uint64_t order;
    Frame* frame;
  };

  static bool later(const Waiting& a, const Waiting& b) { return a.due != b.due ? a.due > b.due : a.order > b.order; }

  static Nanos to_nanos(double ms) { return static_cast<Nanos>(ms * static_cast<double>(kMilli)); }

  // Tells when the frame will be delivered, or 0.
  Nanos decide(const std::uint8_t* bytes, std::uint32_t length, Nanos now) {
    ++counters.received;
    if (shape.black_hole) {
      ++counters.black_holed;
      return 0;
    }
    if (is_lost()) {
      ++counters.lost;
      return 0;
    }
    Nanos departs = now;
    if (shape.rate_bits_per_second > 0) {
      const Nanos starts = std::max(busy_until_, now);
      if (starts - now > to_nanos(shape.queue_ms)) {
        ++counters.queue_drops;
        return 0;
      }
      busy_until_ = starts + static_cast<Nanos>(length * 8e9 / shape.rate_bits_per_second);
      departs = busy_until_;
    }
    const Nanos due = schedule(pool_.take(bytes, length), departs, now);
    if (shape.duplicate_ratio > 0 && random_.unit() < shape.duplicate_ratio) {
      ++counters.duplicated;
      schedule(pool_.take(bytes, length), departs, now);
    }
    return due;
  }

  bool is_lost() {
    if (shape.loss_ratio <= 0) return false;
    if (shape.loss_burst_frames <= 1) return random_.unit() < shape.loss_ratio;
    // Gilbert-Elliott: everything is lost in the bad state; the two probabilities give the ratio and the run length.
    const double leave = 1 / shape.loss_burst_frames;
    const double enter = leave * shape.loss_ratio / (1 - std::min(shape.loss_ratio, 0.999));
    is_bad_ = is_bad_ ? random_.unit() >= leave : random_.unit() < enter;
    return is_bad_;
  }

  Nanos schedule(Frame* frame, Nanos departs, Nanos now) {
    double extra_ms = 0;
    if (shape.jitter_ms > 0) {
      extra_ms = shape.reorders ? shape.jitter_ms * jitter_random_.signed_unit()
                                : jitter_.at(departs, shape.jitter_ms, jitter_random_);
    }
    Nanos due = std::max(now, departs + to_nanos(std::max(0.0, shape.delay_ms + extra_ms)));
    if (!shape.reorders) due = std::max(due, last_due_);
    last_due_ = due;
    waiting_.push_back({due, order_++, frame});
    std::push_heap(waiting_.begin(), waiting_.end(), later);
    return due;
  }

  void send(const Port* out, mmsghdr* messages, unsigned count) {
    unsigned done = 0;
    while (done < count) {
      const int sent = out == nullptr ? -1 : sendmmsg(out->fd(), messages + done, count - done, 0);
      if (sent > 0) {
        counters.sent += static_cast<unsigned>(sent);
        done += static_cast<unsigned>(sent);
        continue;
      }
      const bool is_overload = out != nullptr && (errno == ENOBUFS || errno == EAGAIN);
      ++(is_overload ? counters.kernel_drops : counters.carrier_drops);
      ++done;
    }
  }

  FramePool& pool_;
  Random random_;
  Random jitter_random_;
  WanderingJitter jitter_;
  std::vector<Waiting> waiting_;
  std::uint64_t order_ = 0;
  Nanos busy_until_ = 0;
  Nanos last_due_ = 0;
  bool is_bad_ = false;
};

}  // namespace lab
