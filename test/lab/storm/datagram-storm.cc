// Plays the ill-meaning neighbour of a UDP port on the local network (IPv4):
//
//   datagram-storm record DEVICE PORT COUNT FILE     writes genuine datagrams to the port, as they pass the device
//   datagram-storm play TARGET PORT PER_SECOND SECONDS SEED FILE     sends by turns: noise from anywhere; a recorded
//       datagram again, as its sender; one cut short, as its sender; one with some bytes changed, as its sender
//
// `play` prints {"sent":N,"seconds":S}. A raw socket chooses the source address itself. A file holds for each datagram
// its source address and port as on the wire, its length (16 bits, host order) and its bytes.

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <string>
#include <system_error>
#include <vector>

namespace {

using Nanos = std::int64_t;

constexpr Nanos kSecond = 1'000'000'000;
constexpr Nanos kInterval = 1'000'000;
// Ethernet's MTU less both headers; what the kernel hands over in one piece above that is several datagrams.
constexpr std::size_t kMostPayload = 1472;

struct Datagram {
  std::uint32_t source = 0;  // network order
  std::uint16_t port = 0;    // network order
  std::vector<std::uint8_t> payload;
};

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

int record(const char* device, std::uint16_t port, std::size_t count, const char* path) {
  const int socket = ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));
  if (socket < 0) fail("socket");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_IP);
  address.sll_ifindex = static_cast<int>(if_nametoindex(device));
  if (bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr) fail(path);
  std::vector<std::uint8_t> packet(65'536);
  for (std::size_t written = 0; written < count;) {
    const ssize_t length = recv(socket, packet.data(), packet.size(), 0);
    if (length < 0) fail("recv");
    ip header{};
    udphdr udp{};
    if (length < static_cast<ssize_t>(sizeof header + sizeof udp)) continue;
    std::memcpy(&header, packet.data(), sizeof header);
    std::memcpy(&udp, packet.data() + sizeof header, sizeof udp);
    if (header.ip_p != IPPROTO_UDP || header.ip_hl != 5 || ntohs(udp.uh_dport) != port) continue;
    const std::size_t payload = static_cast<std::size_t>(length) - sizeof header - sizeof udp;
    if (payload > kMostPayload) continue;
    const auto size = static_cast<std::uint16_t>(payload);
    std::fwrite(&header.ip_src.s_addr, 4, 1, file);
    std::fwrite(&udp.uh_sport, 2, 1, file);
    std::fwrite(&size, 2, 1, file);
    std::fwrite(packet.data() + sizeof header + sizeof udp, 1, payload, file);
    ++written;
  }
  if (std::fclose(file) != 0) fail(path);
  return 0;
}

std::vector<Datagram> readFile(const char* path) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) fail(path);
  std::vector<Datagram> datagrams;
  Datagram datagram;
  std::uint16_t size = 0;
  while (std::fread(&datagram.source, 4, 1, file) == 1 && std::fread(&datagram.port, 2, 1, file) == 1 &&
         std::fread(&size, 2, 1, file) == 1) {
    datagram.payload.resize(size);
    if (std::fread(datagram.payload.data(), 1, size, file) != size) break;
    datagrams.push_back(datagram);
  }
  std::fclose(file);
  return datagrams;
}

class Player {
 public:
  Player(std::vector<Datagram> recorded, unsigned seed) : recorded_(std::move(recorded)), random_(seed) {}

  Datagram next() {
    const unsigned turn = turn_++ % 4;
    if (turn == 0 || recorded_.empty()) return noise();
    Datagram datagram = recorded_[random_() % recorded_.size()];
    if (turn == 2) datagram.payload.resize(random_() % (datagram.payload.size() + 1));
    if (turn == 3) {
      for (int change = 0; change < 3 && !datagram.payload.empty(); ++change) {
        datagram.payload[random_() % datagram.payload.size()] ^= static_cast<std::uint8_t>(1 + random_() % 255);
      }
    }
    return datagram;
  }

 private:
  Datagram noise() {
    Datagram datagram;
    // Somewhere in 10.0.0.0/8, which the target answers nowhere.
    datagram.source = htonl(0x0a000000U | (static_cast<std::uint32_t>(random_()) & 0xffffffU));
    datagram.port = static_cast<std::uint16_t>(random_());
    datagram.payload.resize(random_() % kMostPayload);
    for (std::uint8_t& byte : datagram.payload) byte = static_cast<std::uint8_t>(random_());
    // Half of it has the first byte of a message that exists.
    if (!datagram.payload.empty() && random_() % 2 == 0) datagram.payload[0] = static_cast<std::uint8_t>(random_() % 6);
    return datagram;
  }

  std::vector<Datagram> recorded_;
  std::minstd_rand random_;
  unsigned turn_ = 0;
};

bool send(int socket, const sockaddr_in& target, const Datagram& datagram) {
  std::uint8_t packet[sizeof(ip) + sizeof(udphdr) + kMostPayload];
  const std::size_t length = sizeof(ip) + sizeof(udphdr) + datagram.payload.size();
  // The kernel fills in length, identification and checksum of the IP header; a UDP checksum of 0 means none.
  ip header{};
  header.ip_v = 4;
  header.ip_hl = 5;
  header.ip_ttl = 64;
  header.ip_p = IPPROTO_UDP;
  header.ip_len = htons(static_cast<std::uint16_t>(length));
  header.ip_src.s_addr = datagram.source;
  header.ip_dst = target.sin_addr;
  udphdr udp{};
  udp.uh_sport = datagram.port;
  udp.uh_dport = target.sin_port;
  udp.uh_ulen = htons(static_cast<std::uint16_t>(sizeof udp + datagram.payload.size()));
  std::memcpy(packet, &header, sizeof header);
  std::memcpy(packet + sizeof header, &udp, sizeof udp);
  std::memcpy(packet + sizeof header + sizeof udp, datagram.payload.data(), datagram.payload.size());
  const ssize_t taken =
      sendto(socket, packet, length, 0, reinterpret_cast<const sockaddr*>(&target), sizeof target);
  if (taken >= 0) return true;
  if (errno == ENOBUFS || errno == EAGAIN || errno == EINTR) return false;
  fail("sendto");
}

int play(const char* address, std::uint16_t port, double perSecond, double seconds, unsigned seed,
         const char* path) {
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(port);
  if (inet_pton(AF_INET, address, &target.sin_addr) != 1) fail("address");
  const int socket = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (socket < 0) fail("socket");
  Player player(readFile(path), seed);
  const Nanos start = now();
  const auto duration = static_cast<Nanos>(seconds * kSecond);
  std::int64_t sent = 0;
  Nanos moment = start;
  for (; moment - start < duration; moment = now()) {
    const auto due = static_cast<std::int64_t>(perSecond * static_cast<double>(moment - start) / kSecond);
    while (sent < due && send(socket, target, player.next())) ++sent;
    sleepUntil(start + ((moment - start) / kInterval + 1) * kInterval);
  }
  std::printf("{\"sent\":%lld,\"seconds\":%.6f}\n", static_cast<long long>(sent),
              static_cast<double>(moment - start) / kSecond);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const auto number = [&](int index) { return std::strtoul(argv[index], nullptr, 10); };
  if (mode == "record" && argc == 6) {
    return record(argv[2], static_cast<std::uint16_t>(number(3)), number(4), argv[5]);
  }
  if (mode == "play" && argc == 8) {
    return play(argv[2], static_cast<std::uint16_t>(number(3)), std::atof(argv[4]), std::atof(argv[5]),
                static_cast<unsigned>(number(6)), argv[7]);
  }
  std::fprintf(stderr, "usage: datagram-storm record DEVICE PORT COUNT FILE\n"
                       "       datagram-storm play TARGET PORT PER_SECOND SECONDS SEED FILE\n");
  return 2;
}
