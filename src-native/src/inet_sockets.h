#pragma once

#include <node_api.h>

#include <cstdint>
#include <optional>

#include "file_descriptor.h"

namespace bowline {

// What a UDP socket has moved since somebody counts, as the program in the kernel keeps it.
struct DatagramCount {
  // Bytes of payload.
  uint64_t sent;
  uint64_t received;
  // Bytes 8 to 23 of the IP header of the last packet sent: the source address of IPv6, or in the middle that of IPv4.
  uint8_t head[16];
  // Of the last packet sent; 0 before the first.
  uint64_t version;

  const uint8_t* local() const { return version == 4 ? head + 4 : head; }
};

// Counts the bytes of the machine's UDP sockets while it exists.
class DatagramCounter {
 public:
  // `root` is the mount point of cgroup v2. Throws SystemError, such as EPERM without CAP_BPF and CAP_NET_ADMIN.
  explicit DatagramCounter(const std::string& root);

  // Empty for a socket that has moved nothing yet.
  std::optional<DatagramCount> countOf(uint64_t cookie) const;

 private:
  FileDescriptor counts_;
  // Each ends the program's work when it is closed.
  FileDescriptor outgoing_;
  FileDescriptor incoming_;
};

// `counter` may be null: then UDP sockets have moved nothing, and those that are not connected are left out.
napi_value listSockets(napi_env env, const DatagramCounter* counter);

}  // namespace bowline
