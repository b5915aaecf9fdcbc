#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace bowline {

// Message headers for one batched system call. One set serves all sockets of an environment, since
// a call uses it only while it runs.
struct UdpScratch {
  // A batch larger than this hardly saves system calls any more, and 32 GRO messages of 64 KiB are
  // 2 MiB already.
  static constexpr size_t kMaxMessages = 32;
  // The kernel takes 1024 vectors a message; a GSO send needs at most one per segment.
  static constexpr size_t kMaxVectors = 512;
  // Room for UDP_GRO or UDP_SEGMENT, one packet info, and what else the kernel may add.
  static constexpr size_t kControlBytes = 128;

  std::array<mmsghdr, kMaxMessages> messages{};
  std::array<iovec, kMaxVectors> vectors{};
  std::array<sockaddr_in6, kMaxMessages> names{};
  alignas(cmsghdr) std::array<std::array<uint8_t, kControlBytes>, kMaxMessages> controls{};
};

}  // namespace bowline
