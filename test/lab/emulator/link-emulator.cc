// Link emulator of the lab: carries Ethernet frames between pairs of devices with a rate, a queue, a delay, jitter and
// loss of its own in each direction. One thread, one process for all links of a home, run inside the namespace that
// holds the devices. Commands are JSON objects, one a line, on standard input; each is answered by one line:
//
//   {"attach":"wlan0","near":"wlan0p","far":"wlan0e"}      opens (again) the devices of a link; "up" is near to far
//   {"link":"wlan0","direction":"up|down|both", ...}       changes what is named: rateBitsPerSecond queueMs delayMs
//       jitterMs lossRatio lossBurstFrames duplicateRatio reorders blackHole
//   {"counters":"wlan0"}
//
// A frame passes: black hole, loss, rate and queue (a virtual clock says when its last bit leaves; what would wait
// longer than the queue allows is dropped), delay and jitter. Nothing is held for longer than its delivery time.

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace {

using Nanos = std::int64_t;

constexpr std::size_t kFrameBytes = 2048;
// 4 MiB a side: at 1 Gbit/s the program may be kept from the processor for 30 ms before a frame is missed.
constexpr unsigned kRingFrames = 2048;
constexpr unsigned kBlockBytes = 65536;
constexpr unsigned kSendBatch = 64;
// Frames due within this time leave together. A wake-up costs a virtual machine about 30 us: at 100 Mbit/s one for
// each frame takes half a core, one for each 150 us a quarter. Twice as much would be seen in a 1 ms delay.
constexpr Nanos kCoalesce = 150'000;
// Pause after frames were handled, as a network card spaces its interrupts and for the same reason as above; a frame
// after a quiet time is handled at once.
constexpr Nanos kModeration = 150'000;
constexpr Nanos kMilli = 1'000'000;

Nanos now_nanos() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<Nanos>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

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

// One device: a packet socket with a receive ring. Sending goes through the same socket.
class Port {
 public:
  explicit Port(const std::string& device) : socket_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    if (socket_.get() < 0) fail("socket");
    const unsigned index = if_nametoindex(device.c_str());
    if (index == 0) fail("device " + device);
    set(PACKET_VERSION, static_cast<int>(TPACKET_V2));
    set(PACKET_IGNORE_OUTGOING, 1);
    set(PACKET_QDISC_BYPASS, 1);
    tpacket_req request{};
    request.tp_block_size = kBlockBytes;
    request.tp_frame_size = kFrameBytes;
    request.tp_block_nr = kRingFrames * kFrameBytes / kBlockBytes;
    request.tp_frame_nr = kRingFrames;
    set(PACKET_RX_RING, request);
    void* ring = mmap(nullptr, kRingBytes, PROT_READ | PROT_WRITE, MAP_SHARED, socket_.get(), 0);
    if (ring == MAP_FAILED) fail("map ring");
    ring_ = static_cast<std::uint8_t*>(ring);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(index);
    if (bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) fail("bind " + device);
  }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  ~Port() { munmap(ring_, kRingBytes); }

  int fd() const { return socket_.get(); }

  // Hands every frame that has arrived to `take(bytes, length)`.
  template <typename Take>
  void receive(Take take) {
    for (unsigned budget = kRingFrames; budget > 0; --budget) {
      auto* header = reinterpret_cast<tpacket2_hdr*>(ring_ + static_cast<std::size_t>(cursor_) * kFrameBytes);
      if ((__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) == 0) return;
      if (header->tp_snaplen == header->tp_len) {
        take(reinterpret_cast<std::uint8_t*>(header) + header->tp_mac, header->tp_snaplen);
      } else {
        ++oversized_;
      }
      __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
      cursor_ = (cursor_ + 1) % kRingFrames;
    }
  }

  // Frames that never reached the ring, since the port was opened.
  std::uint64_t kernel_drops() {
    tpacket_stats stats{};
    socklen_t length = sizeof stats;
    if (getsockopt(fd(), SOL_PACKET, PACKET_STATISTICS, &stats, &length) == 0) dropped_ += stats.tp_drops;
    return dropped_ + oversized_;
  }

  // Takes the socket's pending error, 0 if there is none.
  int take_error() const {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &length);
    return error;
  }

 private:
  static constexpr std::size_t kRingBytes = std::size_t{kRingFrames} * kFrameBytes;

  template <typename Value>
  void set(int option, const Value& value) {
    if (setsockopt(socket_.get(), SOL_PACKET, option, &value, sizeof value) < 0) fail("packet socket option");
  }

  Descriptor socket_;
  std::uint8_t* ring_ = nullptr;
  unsigned cursor_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t oversized_ = 0;
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

  void accept(const std::uint8_t* bytes, std::uint32_t length, Nanos now) {
    ++counters.received;
    if (shape.black_hole) {
      ++counters.black_holed;
      return;
    }
    if (is_lost()) {
      ++counters.lost;
      return;
    }
    Nanos departs = now;
    if (shape.rate_bits_per_second > 0) {
      const Nanos starts = std::max(busy_until_, now);
      if (starts - now > to_nanos(shape.queue_ms)) {
        ++counters.queue_drops;
        return;
      }
      busy_until_ = starts + static_cast<Nanos>(length * 8e9 / shape.rate_bits_per_second);
      departs = busy_until_;
    }
    schedule(pool_.take(bytes, length), departs, now);
    if (shape.duplicate_ratio > 0 && random_.unit() < shape.duplicate_ratio) {
      ++counters.duplicated;
      schedule(pool_.take(bytes, length), departs, now);
    }
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

  bool is_lost() {
    if (shape.loss_ratio <= 0) return false;
    if (shape.loss_burst_frames <= 1) return random_.unit() < shape.loss_ratio;
    // Gilbert-Elliott: everything is lost in the bad state; the two probabilities give the ratio and the run length.
    const double leave = 1 / shape.loss_burst_frames;
    const double enter = leave * shape.loss_ratio / (1 - std::min(shape.loss_ratio, 0.999));
    is_bad_ = is_bad_ ? random_.unit() >= leave : random_.unit() < enter;
    return is_bad_;
  }

  void schedule(Frame* frame, Nanos departs, Nanos now) {
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

struct Link {
  Link(FramePool& pool, std::uint64_t seed) : up(pool, seed * 2), down(pool, seed * 2 + 1) {}
  std::unique_ptr<Port> near;
  std::unique_ptr<Port> far;
  Direction up;
  Direction down;
};

using Value = std::variant<std::string, double, bool>;
using Command = std::map<std::string, Value, std::less<>>;

// Reads one flat JSON object of strings without escapes, numbers and booleans; all that the lab ever sends.
class CommandReader {
 public:
  explicit CommandReader(std::string_view text) : text_(text) {}

  Command read() {
    Command command;
    expect('{');
    while (peek() != '}') {
      std::string key = read_string();
      expect(':');
      command[std::move(key)] = read_value();
      if (peek() == ',') ++position_;
    }
    return command;
  }

 private:
  char peek() {
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
    if (position_ >= text_.size()) throw std::invalid_argument("unexpected end");
    return text_[position_];
  }
  void expect(char wanted) {
    if (peek() != wanted) throw std::invalid_argument(std::string("expected ") + wanted);
    ++position_;
  }
  std::string read_string() {
    expect('"');
    const std::size_t end = text_.find('"', position_);
    if (end == std::string_view::npos) throw std::invalid_argument("unterminated string");
    std::string result(text_.substr(position_, end - position_));
    position_ = end + 1;
    return result;
  }
  Value read_value() {
    if (peek() == '"') return read_string();
    const std::size_t end = std::min(text_.find_first_of(",}", position_), text_.size());
    const std::string word(text_.substr(position_, end - position_));
    position_ = end;
    if (word == "true") return true;
    if (word == "false") return false;
    std::size_t used = 0;
    const double number = std::stod(word, &used);
    if (used != word.size() || number < 0) throw std::invalid_argument("bad number " + word);
    return number;
  }

  std::string_view text_;
  std::size_t position_ = 0;
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

int main(int argc, char** argv) {
  try {
    Emulator(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
