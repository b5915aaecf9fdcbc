// TCP streams that carry as much as they can, with what arrived when, stream by stream:
//
//   tcp-bulk serve FLOWS receive|send CONGESTION_CONTROL                           prints "port N"
//   tcp-bulk connect FLOWS receive|send CONGESTION_CONTROL ADDRESS PORT SECONDS
//
// Either end prints one line of JSON when all streams have ended: the moment that its bins begin at (CLOCK_MONOTONIC),
// how long one is, the address at the other end of each stream, and the bytes that came in each bin of each stream. The
// end that connects breaks its streams off when the time is over; nothing drains.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

namespace {

using Micros = std::int64_t;

constexpr Micros kBin = 10'000;
constexpr std::size_t kPieceBytes = 128 * 1024;

Micros now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<Micros>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1000;
}

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, std::system_category().message(errno).c_str());
  std::exit(1);
}

struct Flow {
  int socket = -1;
  std::string peer;
  std::vector<std::uint64_t> bins;
};

void receive(Flow& flow, Micros began) {
  for (;;) {
    // The bytes are counted, not looked at: MSG_TRUNC spares the copy, whose processor time the tunnel needs.
    const ssize_t length = recv(flow.socket, nullptr, kPieceBytes, MSG_TRUNC);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return;
    const auto bin = static_cast<std::size_t>((now() - began) / kBin);
    if (bin >= flow.bins.size()) flow.bins.resize(bin + 1);
    flow.bins[bin] += static_cast<std::uint64_t>(length);
  }
}

void send(const Flow& flow) {
  static const std::array<char, kPieceBytes> kPiece{};
  while (write(flow.socket, kPiece.data(), kPiece.size()) > 0 || errno == EINTR) {
  }
}

void control(int socket, const char* name) {
  if (setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name, static_cast<socklen_t>(std::strlen(name))) != 0) {
    fail("congestion control");
  }
}

void print(const std::vector<Flow>& flows, Micros began) {
  std::string peers;
  std::string bytes;
  for (const Flow& flow : flows) {
    peers += (peers.empty() ? "\"" : ",\"") + flow.peer + "\"";
    std::string list;
    for (const std::uint64_t bin : flow.bins) list += (list.empty() ? "" : ",") + std::to_string(bin);
    bytes += (bytes.empty() ? "[" : ",[") + list + "]";
  }
  std::printf("{\"beganMicros\":%lld,\"binMicros\":%lld,\"peers\":[%s],\"flows\":[%s]}\n",
              static_cast<long long>(began), static_cast<long long>(kBin), peers.c_str(), bytes.c_str());
}

std::vector<Flow> accept(std::size_t count) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  socklen_t size = sizeof own;
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&own), size) != 0 || listen(listener, 64) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&own), &size) != 0) {
    fail("listen");
  }
  std::printf("port %d\n", ntohs(own.sin_port));
  std::fflush(stdout);
  std::vector<Flow> flows(count);
  for (Flow& flow : flows) {
    sockaddr_in peer{};
    size = sizeof peer;
    flow.socket = accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC);
    if (flow.socket < 0) fail("accept");
    std::array<char, INET_ADDRSTRLEN> text{};
    inet_ntop(AF_INET, &peer.sin_addr, text.data(), text.size());
    flow.peer = text.data();
  }
  return flows;
}

std::vector<Flow> connect(std::size_t count, const char* address, const char* port) {
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (inet_pton(AF_INET, address, &target.sin_addr) != 1) fail("address");
  std::vector<Flow> flows(count);
  for (Flow& flow : flows) {
    flow.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (flow.socket < 0) fail("socket");
    if (::connect(flow.socket, reinterpret_cast<sockaddr*>(&target), sizeof target) != 0) fail("connect");
    flow.peer = address;
  }
  return flows;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view role = argc > 1 ? argv[1] : "";
  if (!(role == "serve" && argc == 5) && !(role == "connect" && argc == 8)) {
    std::fprintf(stderr, "usage: tcp-bulk serve|connect FLOWS receive|send CONTROL [ADDRESS PORT SECONDS]\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const Micros began = now();
  const bool receives = std::string_view(argv[3]) == "receive";
  const auto count = static_cast<std::size_t>(std::atoi(argv[2]));
  std::vector<Flow> flows = role == "serve" ? accept(count) : connect(count, argv[5], argv[6]);
  {
    std::vector<std::jthread> threads;
    for (Flow& flow : flows) {
      control(flow.socket, argv[4]);
      threads.emplace_back([&flow, receives, began] { receives ? receive(flow, began) : send(flow); });
    }
    if (role == "connect") {
      std::this_thread::sleep_for(std::chrono::duration<double>(std::atof(argv[7])));
      // Dissolving a connection resets it: the other end is told at once and what was queued is dropped. The descriptors
      // stay open, since threads still use them.
      for (const Flow& flow : flows) {
        const sockaddr nobody{};
        ::connect(flow.socket, &nobody, sizeof nobody);
      }
    }
  }
  print(flows, began);
  return 0;
}
