// Sends UDP datagrams of one size at an even rate and tells how many it sent:
//
//   datagram-source ADDRESS PORT BYTES PACKETS_PER_SECOND SECONDS   prints {"sent":N,"seconds":S}
//
// Every millisecond what is due leaves by sendmmsg, as separate packets. A generator that makes several system calls
// for each packet takes a core of its own at this rate, which it takes from the tunnel that is measured.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <system_error>
#include <vector>

namespace {

using Nanos = std::int64_t;

constexpr Nanos kSecond = 1'000'000'000;
constexpr Nanos kInterval = 1'000'000;
constexpr unsigned kBatch = 64;
// What is more overdue than this is never sent: a sender that was kept from the processor for longer would make up for
// it by a burst that no queue holds.
constexpr Nanos kMostArrears = 10'000'000;

Nanos now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

void sleepUntil(Nanos moment) {
  const timespec time{moment / kSecond, moment % kSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, std::system_category().message(errno).c_str());
  std::exit(1);
}

// Tells how many of the datagrams the kernel took; those that found a queue full are tried no second time.
unsigned send(int socket, std::array<mmsghdr, kBatch>& messages, unsigned count) {
  const int taken = sendmmsg(socket, messages.data(), count, 0);
  if (taken >= 0) return static_cast<unsigned>(taken);
  if (errno == ENOBUFS || errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED) return 0;
  fail("sendmmsg");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: datagram-source ADDRESS PORT BYTES PACKETS_PER_SECOND SECONDS\n");
    return 2;
  }
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  if (inet_pton(AF_INET, argv[1], &target.sin_addr) != 1) fail("address");
  const double packetsPerNano = std::atof(argv[4]) / kSecond;
  const Nanos duration = static_cast<Nanos>(std::atof(argv[5]) * kSecond);

  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) fail("socket");
  if (connect(socket, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) fail("connect");

  std::vector<std::uint8_t> payload(static_cast<std::size_t>(std::atoi(argv[3])));
  iovec part{payload.data(), payload.size()};
  std::array<mmsghdr, kBatch> messages{};
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = &part;
    message.msg_hdr.msg_iovlen = 1;
  }

  const auto most = static_cast<std::int64_t>(packetsPerNano * kMostArrears);
  const Nanos start = now();
  std::int64_t sent = 0;
  std::int64_t settled = 0;  // sent or given up
  Nanos moment = start;
  for (; moment - start < duration; moment = now()) {
    const auto due = static_cast<std::int64_t>(packetsPerNano * static_cast<double>(moment - start));
    settled = std::max(settled, due - most);
    while (settled < due) {
      const auto count = static_cast<unsigned>(std::min<std::int64_t>(due - settled, kBatch));
      sent += send(socket, messages, count);
      settled += count;
    }
    sleepUntil(std::max(moment + kInterval / 10, start + ((moment - start) / kInterval + 1) * kInterval));
  }
  std::printf("{\"sent\":%lld,\"seconds\":%.6f}\n", static_cast<long long>(sent),
              static_cast<double>(moment - start) / kSecond);
  return 0;
}
