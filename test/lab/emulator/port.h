// One network device of the link emulator, as a packet socket with a receive ring.
#pragma once

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace lab {

constexpr std::size_t kFrameBytes = 2048;
// 4 MiB a side: at 1 Gbit/s the program may be kept from the processor for 30 ms before a frame is missed.
constexpr unsigned kRingFrames = 2048;
constexpr unsigned kBlockBytes = 65536;

[[noreturn]] inline void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

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

}  // namespace lab
