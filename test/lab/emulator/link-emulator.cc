// Link emulator of the lab: carries Ethernet frames between pairs of devices with a rate, a queue, a delay, jitter and
// loss of its own in each direction. One thread, one process for all links of a home, run inside the namespace that
// holds the devices. Commands are JSON objects, one a line, on standard input; each is answered by one line:
//
//   {"attach":"wlan0","near":"wlan0p","far":"wlan0e"}      opens (again) the devices of a link; "up" is near to far
//   {"link":"wlan0","direction":"up|down|both", ...}       changes what is named: rateBitsPerSecond queueMs delayMs
//       jitterMs lossRatio lossBurstFrames duplicateRatio reorders blackHole
//   {"counters":"wlan0"}
//   {"record":"wlan0","leastBytes":250}                    from now on remembers the fate of frames at least this long
//   {"fates":"wlan0"}                                      tells when each arrived and is delivered, 0 if it is not
//
// A frame passes: black hole, loss, rate and queue (a virtual clock says when its last bit leaves; what would wait
// longer than the queue allows is dropped), delay and jitter. Nothing is held for longer than its delivery time.

#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "command.h"
#include "direction.h"
#include "port.h"

namespace lab {
namespace {

// Pause after frames were handled, as a network card spaces its interrupts and for the same reason as above; a frame
// after a quiet time is handled at once.
constexpr Nanos kModeration = 150'000;

struct Link {
  Link(FramePool& pool, std::uint64_t seed) : up(pool, seed * 2), down(pool, seed * 2 + 1) {}
  std::unique_ptr<Port> near;
  std::unique_ptr<Port> far;
  Direction up;
  Direction down;
};

class Emulator {
 public:
  explicit Emulator(std::uint64_t seed)
      : seed_(seed),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        timer_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
    if (epoll_.get() < 0 || timer_.get() < 0) fail("set up");
    // The default lets the kernel end a sleep 50 us late, as much as is slept.
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    watch(STDIN_FILENO);
    watch(timer_.get());
  }

  void run() {
    std::array<epoll_event, 16> events{};
    while (is_running_) {
      if (epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1) < 0 && errno != EINTR) {
        fail("wait");
      }
      std::uint64_t expirations = 0;
      // Only empties the timer; that it expired is seen by the clock.
      [[maybe_unused]] const ssize_t read_bytes = read(timer_.get(), &expirations, sizeof expirations);
      bool is_busy = false;
      for (auto& [name, link] : links_) is_busy |= carry(*link);
      read_commands();
      arm_timer();
      if (is_busy) {
        const timespec pause{0, kModeration};
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
      }
    }
  }

 private:
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) < 0) fail("watch");
  }

  // Tells whether frames had arrived.
  bool carry(Link& link) {
    if (link.near == nullptr) return false;
    const std::uint64_t before = link.up.counters.received + link.down.counters.received;
    const Nanos now = now_nanos();
    const auto into = [now](Direction& direction) {
      return [&direction, now](const std::uint8_t* bytes, std::uint32_t length) {
        direction.accept(bytes, length, now);
      };
    };
    link.near->receive(into(link.up));
    link.far->receive(into(link.down));
    if (link.near->take_error() != 0 || link.far->take_error() != 0) {
      link.up.flush();
      link.down.flush();
    }
    link.up.deliver(link.far.get(), now_nanos());
    link.down.deliver(link.near.get(), now_nanos());
    return link.up.counters.received + link.down.counters.received != before;
  }

  void arm_timer() {
    std::optional<Nanos> next;
    for (const auto& [name, link] : links_) {
      for (const Direction* direction : {&link->up, &link->down}) {
        const auto due = direction->next_due();
        if (due && (!next || *due < *next)) next = due;
      }
    }
    itimerspec when{};
    if (next) {
      const Nanos due = std::max<Nanos>(*next, 1);
      when.it_value.tv_sec = due / 1'000'000'000;
      when.it_value.tv_nsec = due % 1'000'000'000;
    }
    if (timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr) < 0) fail("arm timer");
  }

  void read_commands() {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, 0) <= 0) return;
    std::array<char, 4096> piece{};
    const ssize_t length = read(STDIN_FILENO, piece.data(), piece.size());
    if (length <= 0) {
      is_running_ = false;
      return;
    }
    input_.append(piece.data(), static_cast<std::size_t>(length));
    for (std::size_t end = input_.find('\n'); end != std::string::npos; end = input_.find('\n')) {
      const std::string line = input_.substr(0, end);
      input_.erase(0, end + 1);
      std::string answer;
      try {
        answer = obey(CommandReader(line).read());
      } catch (const std::exception& error) {
        answer = std::string("{\"error\":\"") + error.what() + "\"}";
      }
      std::puts(answer.c_str());
      std::fflush(stdout);
    }
  }

  std::string obey(const Command& command) {
    if (command.contains("attach")) return attach(command);
    if (command.contains("counters")) return render_counters(find_link(text(command, "counters")));
    if (command.contains("record")) return record(command);
    if (command.contains("fates")) return render_fates(find_link(text(command, "fates")));
    Link& link = find_link(text(command, "link"));
    const std::string& way = text(command, "direction");
    if (way != "up" && way != "down" && way != "both") throw std::invalid_argument("bad direction");
    if (way != "down") change(link.up.shape, command);
    if (way != "up") change(link.down.shape, command);
    return "{}";
  }

  std::string attach(const Command& command) {
    const std::string& name = text(command, "attach");
    auto& link = links_[name];
    if (link == nullptr) link = std::make_unique<Link>(pool_, seed_ * 16 + links_.size());
    auto near = std::make_unique<Port>(text(command, "near"));
    auto far = std::make_unique<Port>(text(command, "far"));
    link->near = std::move(near);
    link->far = std::move(far);
    watch(link->near->fd());
    watch(link->far->fd());
    return "{}";
  }

  Link& find_link(const std::string& name) {
    const auto found = links_.find(name);
    if (found == links_.end()) throw std::invalid_argument("no link " + name);
    return *found->second;
  }

  static const std::string& text(const Command& command, std::string_view key) {
    const auto found = command.find(key);
    if (found == command.end() || !std::holds_alternative<std::string>(found->second)) {
      throw std::invalid_argument("missing " + std::string(key));
    }
    return std::get<std::string>(found->second);
  }

  static void change(Shape& shape, const Command& command) {
    static const std::map<std::string_view, double Shape::*> kNumbers = {
        {"rateBitsPerSecond", &Shape::rate_bits_per_second},
        {"queueMs", &Shape::queue_ms},
        {"delayMs", &Shape::delay_ms},
        {"jitterMs", &Shape::jitter_ms},
        {"lossRatio", &Shape::loss_ratio},
        {"lossBurstFrames", &Shape::loss_burst_frames},
        {"duplicateRatio", &Shape::duplicate_ratio},
    };
    static const std::map<std::string_view, bool Shape::*> kFlags = {
        {"reorders", &Shape::reorders},
        {"blackHole", &Shape::black_hole},
    };
    for (const auto& [key, value] : command) {
      if (key == "link" || key == "direction") continue;
      const auto number = kNumbers.find(key);
      const auto flag = kFlags.find(key);
      if (number != kNumbers.end() && std::holds_alternative<double>(value)) {
        shape.*(number->second) = std::get<double>(value);
      } else if (flag != kFlags.end() && std::holds_alternative<bool>(value)) {
        shape.*(flag->second) = std::get<bool>(value);
      } else {
        throw std::invalid_argument("bad field " + key);
      }
    }
  }

  std::string record(const Command& command) {
    Link& link = find_link(text(command, "record"));
    const auto least = command.find("leastBytes");
    if (least == command.end() || !std::holds_alternative<double>(least->second)) {
      throw std::invalid_argument("missing leastBytes");
    }
    for (Direction* direction : {&link.up, &link.down}) {
      direction->fates.clear();
      direction->recorded_bytes = static_cast<std::uint32_t>(std::get<double>(least->second));
    }
    return "{}";
  }

  static std::string render_fates(const Link& link) {
    const auto render = [](const Direction& direction) {
      std::string list;
      for (const Fate& fate : direction.fates) {
        list += (list.empty() ? "[" : ",[") + std::to_string(fate.arrived / 1000) + "," +
                std::to_string(fate.due / 1000) + "]";
      }
      return "[" + list + "]";
    };
    return "{\"up\":" + render(link.up) + ",\"down\":" + render(link.down) + "}";
  }

  static std::string render_counters(Link& link) {
    const auto render = [](Direction& direction, Port* in) {
      const Counters& counters = direction.counters;
      const std::uint64_t kernel_drops = counters.kernel_drops + (in == nullptr ? 0 : in->kernel_drops());
      std::array<char, 512> line{};
      std::snprintf(line.data(), line.size(),
                    "{\"received\":%ju,\"sent\":%ju,\"duplicated\":%ju,\"lost\":%ju,\"queueDrops\":%ju,"
                    "\"blackHoled\":%ju,\"carrierDrops\":%ju,\"kernelDrops\":%ju}",
                    counters.received, counters.sent, counters.duplicated, counters.lost, counters.queue_drops,
                    counters.black_holed, counters.carrier_drops, kernel_drops);
      return std::string(line.data());
    };
    return "{\"up\":" + render(link.up, link.near.get()) + ",\"down\":" + render(link.down, link.far.get()) + "}";
  }

  std::uint64_t seed_;
  Descriptor epoll_;
  Descriptor timer_;
  FramePool pool_;
  std::map<std::string, std::unique_ptr<Link>> links_;
  std::string input_;
  bool is_running_ = true;
};

}  // namespace
}  // namespace lab

int main(int argc, char** argv) {
  try {
    lab::Emulator(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
