#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>

#include "udp_socket.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace bowline {

namespace {

// The kernel joins datagrams up to this size whatever the reader's slots are, and what does not fit
// would be lost whole.
constexpr int32_t kMinStride = 65536;

struct ReceiveDescriptor {
  int32_t offset;
  int32_t length;
  int32_t segmentBytes;
  int32_t addressId;
};

// Errors that say something of a peer or a link, not of this socket: the next datagram may well come.
bool isTransient(int number) { return number != EBADF && number != EFAULT && number != EINVAL && number != ENOTSOCK; }

template <class T>
T controlValue(const cmsghdr* control) {
  T value;
  memcpy(&value, CMSG_DATA(control), sizeof value);
  return value;
}

template <class T>
bool holds(const cmsghdr* control, int level, int type) {
  return control->cmsg_level == level && control->cmsg_type == type && control->cmsg_len >= CMSG_LEN(sizeof(T));
}

// The size of the segments that the kernel joined into this message.
int32_t segmentBytesOf(msghdr& header, int32_t length) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (!holds<int>(control, IPPROTO_UDP, UDP_GRO)) continue;
    const int segment = controlValue<int>(control);
    if (segment > 0 && segment < length) return segment;
  }
  return length;
}

Address remoteOf(const sockaddr_in6& name) {
  Address address;
  if (name.sin6_family == AF_INET) {
    sockaddr_in plain;
    memcpy(&plain, &name, sizeof plain);
    address.remote = mapIpv4(plain.sin_addr);
    address.port = ntohs(plain.sin_port);
  } else {
    address.remote = name.sin6_addr;
    address.port = ntohs(name.sin6_port);
    if (address.isLinkLocal()) {
      address.scopeId = name.sin6_scope_id;
      address.interfaceIndex = name.sin6_scope_id;
    }
  }
  return address;
}

}  // namespace

Address UdpSocket::addressOf(const sockaddr_in6& name, const msghdr& received) const {
  Address address = remoteOf(name);
  msghdr header = received;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (holds<in_pktinfo>(control, IPPROTO_IP, IP_PKTINFO)) {
      const in_pktinfo info = controlValue<in_pktinfo>(control);
      address.local = mapIpv4(info.ipi_spec_dst);
      address.interfaceIndex = static_cast<uint32_t>(info.ipi_ifindex);
    } else if (holds<in6_pktinfo>(control, IPPROTO_IPV6, IPV6_PKTINFO)) {
      const in6_pktinfo info = controlValue<in6_pktinfo>(control);
      // Nothing can be sent from a group address.
      if (!IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) address.local = info.ipi6_addr;
      address.interfaceIndex = static_cast<uint32_t>(info.ipi6_ifindex);
    }
  }
  return address;
}

napi_value UdpSocket::receive(Call& call) {
  requireOpen();
  const Arena& arena = call.arena();
  const int32_t base = call.int32(0, "base");
  const int32_t stride = call.int32(1, "stride");
  const int32_t max = call.int32(2, "max");
  if (stride < kMinStride) throwRange("ERR_OUT_OF_RANGE", "stride must be at least " + std::to_string(kMinStride));
  auto* descriptors =
      reinterpret_cast<ReceiveDescriptor*>(arena.words(call.int32(3, "meta"), int64_t{max} * 4, "receive descriptors"));
  uint8_t* slots = arena.bytes(base, int64_t{stride} * max, "receive slots");
  const unsigned wanted = static_cast<unsigned>(std::min<int32_t>(max, UdpScratch::kMaxMessages));

  UdpScratch& scratch = call.instance->udpScratch;
  for (unsigned i = 0; i < wanted; i++) {
    scratch.vectors[i] = {slots + size_t{i} * static_cast<size_t>(stride), static_cast<size_t>(stride)};
    msghdr& header = scratch.messages[i].msg_hdr;
    header = {};
    header.msg_name = &scratch.names[i];
    header.msg_namelen = sizeof scratch.names[i];
    header.msg_iov = &scratch.vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = scratch.controls[i].data();
    header.msg_controllen = UdpScratch::kControlBytes;
  }

  int received = -1;
  // Each try can take one pending error, which belongs to some earlier send.
  for (int tries = 0; tries < 16 && received < 0; tries++) {
    received = recvmmsg(fd_.get(), scratch.messages.data(), wanted, MSG_DONTWAIT, nullptr);
    if (received >= 0 || errno == EINTR) continue;
    if (errno == EAGAIN) break;
    if (!isTransient(errno)) throwSystem("recvmmsg");
    drainErrorQueue();
  }

  AddressTable& addresses = call.instance->addresses;
  addresses.beginBatch();
  int32_t count = 0;
  for (int i = 0; i < received; i++) {
    msghdr& header = scratch.messages[i].msg_hdr;
    const int32_t length = static_cast<int32_t>(scratch.messages[i].msg_len);
    if (length == 0 || (header.msg_flags & MSG_TRUNC) != 0) continue;
    const uint32_t id = addresses.internInBatch(addressOf(scratch.names[i], header));
    if (id == 0) continue;
    descriptors[count++] = {static_cast<int32_t>(base + int64_t{stride} * i), length, segmentBytesOf(header, length),
                            static_cast<int32_t>(id)};
  }
  return makeInt32(call.env, count);
}

void UdpSocket::drainErrorQueue() {
  // Bounded, since a hostile network can fill the queue as fast as it is read; the rest keeps the
  // error condition up and is taken in the next loop turn.
  for (int i = 0; i < 128; i++) {
    sockaddr_in6 name{};
    uint8_t payload[1];
    alignas(cmsghdr) uint8_t control[512];
    iovec vector{payload, sizeof payload};
    msghdr header{};
    header.msg_name = &name;
    header.msg_namelen = sizeof name;
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    if (recvmsg(fd_.get(), &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) break;
    for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
      if (!holds<sock_extended_err>(item, IPPROTO_IP, IP_RECVERR) &&
          !holds<sock_extended_err>(item, IPPROTO_IPV6, IPV6_RECVERR)) {
        continue;
      }
      const auto error = controlValue<sock_extended_err>(item);
      if (error.ee_errno == 0 || header.msg_namelen < sizeof(sockaddr_in)) continue;
      const int number = static_cast<int>(error.ee_errno);
      keepError({remoteOf(name), number, number == EMSGSIZE ? error.ee_info : 0});
    }
  }
  int pending = 0;
  socklen_t length = sizeof pending;
  getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &pending, &length);
}

void UdpSocket::keepError(const ReceivedError& error) {
  // A repeated send repeats its error.
  if (errorCount_ > 0 && errors_[(firstError_ + errorCount_ - 1) % kMaxErrors] == error) return;
  if (errorCount_ == kMaxErrors) {
    firstError_ = (firstError_ + 1) % kMaxErrors;
    errorCount_--;
  }
  errors_[(firstError_ + errorCount_) % kMaxErrors] = error;
  errorCount_++;
}

napi_value UdpSocket::takeErrors(Call& call) {
  requireOpen();
  drainErrorQueue();
  napi_value list = nullptr;
  check(call.env, napi_create_array(call.env, &list));
  AddressTable& addresses = call.instance->addresses;
  for (uint32_t i = 0; errorCount_ > 0; i++) {
    const ReceivedError error = errors_[firstError_];
    firstError_ = (firstError_ + 1) % kMaxErrors;
    errorCount_--;
    uint32_t id = addresses.findRemote(error.destination);
    if (id == 0) id = addresses.intern(error.destination);
    const napi_value item = ObjectBuilder(call.env)
                                .number("errno", error.number)
                                .string("code", errnoName(error.number))
                                .number("addressId", id)
                                .number("mtu", error.mtuBytes)
                                .value();
    check(call.env, napi_set_element(call.env, list, i, item));
  }
  return list;
}

}  // namespace bowline
