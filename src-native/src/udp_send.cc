#include <arpa/inet.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>

#include "udp_socket.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace bowline {

namespace {

// What one IPv4 packet can carry; the kernel builds the whole train as one packet first.
constexpr int32_t kMaxGsoBytes = 65535 - 20 - 8;
// Older kernels take 64 segments, newer ones 128.
constexpr int32_t kMaxGsoSegments = 64;

// The socket or the device queue is full: nothing is wrong, the datagrams wait.
bool isBusy(int number) { return number == EAGAIN || number == ENOBUFS; }

int32_t divideUp(int32_t value, int32_t divisor) { return (value + divisor - 1) / divisor; }

void appendControl(msghdr& header, uint8_t* control, int level, int type, const void* data, size_t length) {
  auto* item = reinterpret_cast<cmsghdr*>(control + header.msg_controllen);
  item->cmsg_level = level;
  item->cmsg_type = type;
  item->cmsg_len = CMSG_LEN(length);
  memcpy(CMSG_DATA(item), data, length);
  header.msg_control = control;
  header.msg_controllen += CMSG_SPACE(length);
}

}  // namespace

// How many of the next descriptors leave as one message. A long run is split evenly: a train of 44
// followed by one of 2 would cost as many system calls as two of 23.
int32_t UdpSocket::groupLength(const SendDescriptor* descriptors, int32_t remaining) const {
  const int32_t length = descriptors[0].length;
  if (isGsoRefused_ || length == 0 || length > kMaxGsoBytes) return 1;
  int32_t run = 1;
  while (run < remaining && descriptors[run].length == length && descriptors[run].addressId == descriptors[0].addressId) {
    run++;
  }
  if (run < remaining && descriptors[run].addressId == descriptors[0].addressId && descriptors[run].length < length &&
      descriptors[run].length > 0) {
    run++;
  }
  const int32_t limit = std::max(1, std::min(kMaxGsoSegments, kMaxGsoBytes / length));
  return divideUp(run, divideUp(run, limit));
}

bool UdpSocket::setDestination(msghdr& header, sockaddr_in6& name, uint8_t* control, const Address* address) const {
  if (address == nullptr) return false;
  const uint32_t interfaceIndex = address->isLinkLocal() ? address->interfaceIndex : 0;
  // The kernel would follow the address and leave by the interface that this socket must not use.
  if (interfaceIndex != 0 && boundInterface_ != 0 && interfaceIndex != boundInterface_) return false;
  name = {};
  header.msg_name = &name;
  if (family_ == AF_INET) {
    if (!address->isIpv4()) return false;
    sockaddr_in plain{};
    plain.sin_family = AF_INET;
    plain.sin_port = htons(address->port);
    plain.sin_addr = unmapIpv4(address->remote);
    memcpy(&name, &plain, sizeof plain);
    header.msg_namelen = sizeof plain;
  } else {
    name.sin6_family = AF_INET6;
    name.sin6_port = htons(address->port);
    name.sin6_addr = address->remote;
    name.sin6_scope_id = address->scopeId;
    header.msg_namelen = sizeof name;
  }
  if (isBoundToAddress_ || (!address->hasLocal() && interfaceIndex == 0)) return true;
  if (family_ == AF_INET) {
    in_pktinfo info{};
    info.ipi_ifindex = static_cast<int>(interfaceIndex);
    if (address->hasLocal()) info.ipi_spec_dst = unmapIpv4(address->local);
    appendControl(header, control, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  } else {
    in6_pktinfo info{};
    info.ipi6_ifindex = interfaceIndex;
    info.ipi6_addr = address->local;
    if (address->isIpv4() && !address->hasLocal()) info.ipi6_addr = mapIpv4(in_addr{INADDR_ANY});
    appendControl(header, control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
  }
  return true;
}

// Fills one message of the scratch; returns how many vectors it took.
size_t UdpSocket::buildMessage(Call& call, const SendDescriptor* descriptors, int32_t count, size_t message,
                               size_t vector) {
  UdpScratch& scratch = call.instance->udpScratch;
  msghdr& header = scratch.messages[message].msg_hdr;
  header = {};
  uint8_t* control = scratch.controls[message].data();
  const Address* address = call.instance->addresses.find(static_cast<uint32_t>(descriptors[0].addressId));
  // Without a destination the kernel refuses the message, which is then reported like any other.
  setDestination(header, scratch.names[message], control, address);

  uint8_t* base = call.instance->arena.base();
  size_t vectors = 0;
  for (int32_t i = 0; i < count; i++) {
    uint8_t* bytes = base + descriptors[i].offset;
    const size_t length = static_cast<size_t>(descriptors[i].length);
    iovec* last = vectors > 0 ? &scratch.vectors[vector + vectors - 1] : nullptr;
    if (last != nullptr && static_cast<uint8_t*>(last->iov_base) + last->iov_len == bytes) {
      last->iov_len += length;
    } else {
      scratch.vectors[vector + vectors++] = {bytes, length};
    }
  }
  header.msg_iov = &scratch.vectors[vector];
  header.msg_iovlen = vectors;
  if (count > 1) {
    const uint16_t segment = static_cast<uint16_t>(descriptors[0].length);
    appendControl(header, control, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
  }
  return vectors;
}

// Sends one group by itself; 0 or the error number.
int UdpSocket::sendOne(Call& call, const SendDescriptor* descriptors, int32_t count) {
  buildMessage(call, descriptors, count, 0, 0);
  ssize_t sent;
  do {
    sent = sendmsg(fd_.get(), &call.instance->udpScratch.messages[0].msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

napi_value UdpSocket::send(Call& call) {
  requireOpen();
  const Arena& arena = call.arena();
  const int32_t count = call.int32(1, "count");
  const auto* descriptors =
      reinterpret_cast<SendDescriptor*>(arena.words(call.int32(0, "desc"), int64_t{count} * 4, "send descriptors"));
  int32_t* result = arena.words(call.int32(2, "result"), 2, "send result");
  for (int32_t i = 0; i < count; i++) arena.bytes(descriptors[i].offset, descriptors[i].length, "datagram");

  result[0] = 0;
  result[1] = 0;
  const auto fail = [result](int number, int32_t datagrams) {
    result[0] = number;
    result[1] += datagrams;
  };
  UdpScratch& scratch = call.instance->udpScratch;
  int32_t position = 0;
  while (position < count) {
    int32_t groups[UdpScratch::kMaxMessages];
    unsigned messages = 0;
    size_t vectors = 0;
    for (int32_t next = position; next < count && messages < UdpScratch::kMaxMessages;) {
      const int32_t group = groupLength(descriptors + next, count - next);
      if (vectors + static_cast<size_t>(group) > UdpScratch::kMaxVectors) break;
      vectors += buildMessage(call, descriptors + next, group, messages, vectors);
      groups[messages++] = group;
      next += group;
    }

    const int sent = sendmmsg(fd_.get(), scratch.messages.data(), messages, MSG_DONTWAIT | MSG_NOSIGNAL);
    for (int i = 0; i < sent; i++) position += groups[i];
    if (sent >= 0 || errno == EINTR) continue;
    if (isBusy(errno)) break;

    // The error may be an older one of another peer, which the kernel reports at the next send on the
    // socket whatever its destination. So the group is tried once more before it counts as failed.
    drainErrorQueue();
    const int32_t group = groups[0];
    int error = sendOne(call, descriptors + position, group);
    if (isBusy(error)) break;
    if (group > 1 && (error == EIO || error == EINVAL)) {
      // Perhaps the device cannot segment: if a plain datagram passes, it is that.
      const int plain = sendOne(call, descriptors + position, 1);
      if (isBusy(plain)) break;
      if (plain == 0) {
        isGsoRefused_ = true;
        position++;
        continue;
      }
      error = plain;
    }
    if (error != 0) fail(error, group);
    position += group;
  }
  return makeInt32(call.env, position);
}

}  // namespace bowline
