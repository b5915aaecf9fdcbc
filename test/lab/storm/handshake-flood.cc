// Plays a flooding neighbour of a box's port on the local network (IPv4):
//
//   handshake-flood TARGET PORT PER_SECOND SECONDS SEED FILE [BYTES]
//
// By turns: a datagram from FILE, such as an initiation whose first MAC is right; noise that claims to be an initiation;
// noise that claims to be data. Each comes from a random source address and port: 7 of 8 from somewhere in 10.0.0.0/8,
// the rest from the target's own /24. FILE holds datagrams of BYTES each (158, an initiation's), one after the other.
//
// Prints {"sent":N,"seconds":S}: what the kernel took, and in what time.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <system_error>
#include <vector>

namespace {

using Nanos = std::int64_t;

constexpr Nanos kSecond = 1'000'000'000;
// Datagrams leave in bursts of one interval: 50 of them at 50,000 a second.
constexpr Nanos kInterval = 1'000'000;
constexpr std::size_t kInitiationBytes = 158;
constexpr std::size_t kMostBytes = 512;
constexpr std::size_t kHeaderBytes = sizeof(ip) + sizeof(udphdr);
constexpr unsigned kBatch = 64;

using Datagram = std::vector<std::uint8_t>;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, std::system_category().message(errno).c_str());
  std::exit(1);
}

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

std::vector<Datagram> readFile(const char* path, std::size_t bytes) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) fail(path);
  std::vector<Datagram> datagrams;
  Datagram datagram(bytes);
  while (std::fread(datagram.data(), datagram.size(), 1, file) == 1) datagrams.push_back(datagram);
  std::fclose(file);
  if (datagrams.empty()) {
    std::fprintf(stderr, "%s: no datagrams of %zu bytes\n", path, bytes);
    std::exit(1);
  }
  return datagrams;
}

class Flooder {
 public:
  Flooder(const sockaddr_in& target, std::vector<Datagram> datagrams, unsigned seed)
      : target_(target), datagrams_(std::move(datagrams)), bytes_(datagrams_.front().size()), random_(seed) {
    socket_ = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (socket_ < 0) fail("socket");
    for (unsigned index = 0; index < kBatch; ++index) {
      vectors_[index] = {packets_[index].data(), kHeaderBytes + bytes_};
      messages_[index].msg_hdr.msg_name = &target_;
      messages_[index].msg_hdr.msg_namelen = sizeof target_;
      messages_[index].msg_hdr.msg_iov = &vectors_[index];
      messages_[index].msg_hdr.msg_iovlen = 1;
    }
  }

  // Sends up to `count` datagrams; tells how many the kernel took.
  unsigned send(unsigned count) {
    count = std::min(count, kBatch);
    for (unsigned index = 0; index < count; ++index) write(packets_[index]);
    const int taken = sendmmsg(socket_, messages_.data(), count, 0);
    if (taken >= 0) return static_cast<unsigned>(taken);
    if (errno == ENOBUFS || errno == EAGAIN || errno == EINTR) return 0;
    fail("sendmmsg");
  }

 private:
  using Packet = std::array<std::uint8_t, kHeaderBytes + kMostBytes>;

  void write(Packet& packet) {
    // The kernel fills in length, identification and checksum of the IP header; a UDP checksum of 0 means none.
    ip header{};
    header.ip_v = 4;
    header.ip_hl = 5;
    header.ip_ttl = 64;
    header.ip_p = IPPROTO_UDP;
    header.ip_len = htons(static_cast<std::uint16_t>(kHeaderBytes + bytes_));
    const std::uint32_t word = random_();
    const bool isNeighbour = (word & 7) == 0;
    header.ip_src.s_addr = isNeighbour
                               ? htonl((ntohl(target_.sin_addr.s_addr) & 0xffffff00U) | (100 + word / 8 % 150))
                               : htonl(0x0a000000U | (word >> 8));
    header.ip_dst = target_.sin_addr;
    udphdr udp{};
    udp.uh_sport = static_cast<std::uint16_t>(random_());
    udp.uh_dport = target_.sin_port;
    udp.uh_ulen = htons(static_cast<std::uint16_t>(sizeof udp + bytes_));
    std::memcpy(packet.data(), &header, sizeof header);
    std::memcpy(packet.data() + sizeof header, &udp, sizeof udp);
    std::uint8_t* payload = packet.data() + kHeaderBytes;
    const unsigned turn = turn_++ % 3;
    if (turn == 0) {
      const Datagram& datagram = datagrams_[random_() % datagrams_.size()];
      std::memcpy(payload, datagram.data(), datagram.size());
      return;
    }
    for (std::size_t at = 0; at + 4 <= bytes_; at += 4) {
      const std::uint32_t noise = random_();
      std::memcpy(payload + at, &noise, sizeof noise);
    }
    payload[0] = turn == 1 ? 1 : 4;
    payload[1] = turn == 1 ? 1 : 0;
  }

  sockaddr_in target_;
  std::vector<Datagram> datagrams_;
  std::size_t bytes_;
  std::mt19937 random_;
  unsigned turn_ = 0;
  int socket_ = -1;
  std::array<Packet, kBatch> packets_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<mmsghdr, kBatch> messages_{};
};

int flood(const char* address, std::uint16_t port, double perSecond, double seconds, unsigned seed,
          const char* path, std::size_t bytes) {
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(port);
  if (inet_pton(AF_INET, address, &target.sin_addr) != 1) fail("address");
  Flooder flooder(target, readFile(path, bytes), seed);
  const Nanos start = now();
  const auto duration = static_cast<Nanos>(seconds * kSecond);
  std::int64_t sent = 0;
  Nanos moment = start;
  for (; moment - start < duration; moment = now()) {
    const auto due = static_cast<std::int64_t>(perSecond * static_cast<double>(moment - start) / kSecond);
    while (sent < due) {
      const unsigned taken = flooder.send(static_cast<unsigned>(std::min<std::int64_t>(due - sent, kBatch)));
      if (taken == 0) break;
      sent += taken;
    }
    sleepUntil(start + ((moment - start) / kInterval + 1) * kInterval);
  }
  std::printf("{\"sent\":%lld,\"seconds\":%.6f}\n", static_cast<long long>(sent),
              static_cast<double>(moment - start) / kSecond);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t bytes = argc == 8 ? std::strtoul(argv[7], nullptr, 10) : kInitiationBytes;
  if (argc < 7 || argc > 8 || bytes < 4 || bytes > kMostBytes) {
    std::fprintf(stderr, "usage: handshake-flood TARGET PORT PER_SECOND SECONDS SEED FILE [BYTES]\n");
    return 2;
  }
  const auto number = [&](int index) { return std::strtoul(argv[index], nullptr, 10); };
  return flood(argv[1], static_cast<std::uint16_t>(number(2)), std::atof(argv[3]), std::atof(argv[4]),
               static_cast<unsigned>(number(5)), argv[6], bytes);
}
