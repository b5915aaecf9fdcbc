#include "udp_socket.h"

#include <net/if.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace bowline {

namespace {

int familyOption(Call& call) {
  const Options options(call.env, call.object(0, "options"));
  const int32_t family = options.int32("family", 0, 0, 6);
  if (family == 4) return AF_INET;
  if (family == 6) return AF_INET6;
  throwRange("ERR_OUT_OF_RANGE", "family must be 4 or 6");
}

}  // namespace

UdpSocket::UdpSocket(Call& call) : WrappedObject(kKind), family_(familyOption(call)) {
  const Options options(call.env, call.object(0, "options"));
  fd_ = FileDescriptor(socket(family_, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_.isOpen()) throwSystem("socket");
  setOptions(options);
  bindTo(options);
}

void UdpSocket::requireOpen() const {
  if (!fd_.isOpen()) throwClosed("the socket");
}

void UdpSocket::enable(int level, int option, int value, const char* what) {
  if (setsockopt(fd_.get(), level, option, &value, sizeof value) != 0) throwSystem(what);
}

void UdpSocket::setOptions(const Options& options) {
  const bool isIpv6 = family_ == AF_INET6;
  const bool isDualStack = options.boolean("dualStack", false);
  if (isIpv6) enable(IPPROTO_IPV6, IPV6_V6ONLY, isDualStack ? 0 : 1, "setsockopt(IPV6_V6ONLY)");
  if (options.has("device")) {
    const std::string device = options.string("device", IFNAMSIZ - 1);
    if (setsockopt(fd_.get(), SOL_SOCKET, SO_BINDTODEVICE, device.c_str(), static_cast<socklen_t>(device.size() + 1)) != 0) {
      throwSystem("setsockopt(SO_BINDTODEVICE)");
    }
    boundInterface_ = if_nametoindex(device.c_str());
  }
  if (options.has("mark")) {
    enable(SOL_SOCKET, SO_MARK, static_cast<int>(options.uint32("mark", 0)), "setsockopt(SO_MARK)");
  }
  if (options.boolean("reusePort", false)) enable(SOL_SOCKET, SO_REUSEPORT, 1, "setsockopt(SO_REUSEPORT)");
  setBuffer(SO_RCVBUFFORCE, SO_RCVBUF, options.int32("receiveBufferBytes", 0, 0, 1 << 30));
  setBuffer(SO_SNDBUFFORCE, SO_SNDBUF, options.int32("sendBufferBytes", 0, 0, 1 << 30));

  const bool wantsPacketInfo = options.boolean("packetInfo", false);
  if (isIpv6) {
    enable(IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE, "setsockopt(IPV6_MTU_DISCOVER)");
    enable(IPPROTO_IPV6, IPV6_RECVERR, 1, "setsockopt(IPV6_RECVERR)");
    if (wantsPacketInfo) enable(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "setsockopt(IPV6_RECVPKTINFO)");
  }
  // An IPv6 socket for both families sends IPv4 through the IPv4 options.
  if (!isIpv6 || isDualStack) {
    enable(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, "setsockopt(IP_MTU_DISCOVER)");
    enable(IPPROTO_IP, IP_RECVERR, 1, "setsockopt(IP_RECVERR)");
  }
  if (!isIpv6 && wantsPacketInfo) enable(IPPROTO_IP, IP_PKTINFO, 1, "setsockopt(IP_PKTINFO)");

  // Without it (before Linux 5.0) datagrams arrive one by one, which works as well.
  const int on = 1;
  setsockopt(fd_.get(), IPPROTO_UDP, UDP_GRO, &on, sizeof on);
}

void UdpSocket::setBuffer(int forced, int plain, int bytes) {
  if (bytes == 0) return;
  // Only a privileged process may go beyond the system's limit; others get as much as it allows.
  if (setsockopt(fd_.get(), SOL_SOCKET, forced, &bytes, sizeof bytes) == 0) return;
  enable(SOL_SOCKET, plain, bytes, "setsockopt(SO_RCVBUF, SO_SNDBUF)");
}

void UdpSocket::bindTo(const Options& options) {
  in6_addr local{};
  if (options.has("localAddress")) {
    if (!parseAddress(options.string("localAddress", 64), local)) {
      throwRange("ERR_BAD_ADDRESS", "localAddress is not an IP address");
    }
    const bool isAny = IN6_IS_ADDR_UNSPECIFIED(&local) || (IN6_IS_ADDR_V4MAPPED(&local) && unmapIpv4(local).s_addr == 0);
    isBoundToAddress_ = !isAny;
  } else if (family_ == AF_INET) {
    local = mapIpv4(in_addr{INADDR_ANY});
  }
  const uint16_t port = static_cast<uint16_t>(options.int32("localPort", 0, 0, 65535));

  sockaddr_in6 name{};
  socklen_t length = sizeof name;
  if (family_ == AF_INET) {
    if (!IN6_IS_ADDR_V4MAPPED(&local)) throwRange("ERR_BAD_ADDRESS", "localAddress is not an IPv4 address");
    sockaddr_in plain{};
    plain.sin_family = AF_INET;
    plain.sin_port = htons(port);
    plain.sin_addr = unmapIpv4(local);
    memcpy(&name, &plain, sizeof plain);
    length = sizeof plain;
  } else {
    name.sin6_family = AF_INET6;
    name.sin6_port = htons(port);
    name.sin6_addr = local;
    name.sin6_scope_id = options.uint32("scopeId", 0);
  }
  if (bind(fd_.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0) throwSystem("bind");

  length = sizeof name;
  if (getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&name), &length) != 0) throwSystem("getsockname");
  // The port lies at the same place in both families.
  localPort_ = ntohs(name.sin6_port);
}

void UdpSocket::openPoll(napi_env env) {
  if (poll_.has_value()) return;
  poll_.emplace(env, fd_.get(), this, [](void* owner, int status, int events) {
    static_cast<UdpSocket*>(owner)->onReady(status, events);
  });
}

void UdpSocket::watch() {
  const int events = (readable_.isSet() ? UV_READABLE : 0) | (writable_.isSet() ? UV_WRITABLE : 0);
  hold(events != 0);
  if (poll_.has_value()) poll_->watch(events);
}

void UdpSocket::onReady(int status, int events) {
  if (status < 0) {
    // The error condition lasts until the error queue and the pending error are taken, and libuv has
    // stopped polling because of it. The reader is called too: it may want to take the errors.
    drainErrorQueue();
    events = (readable_.isSet() ? UV_READABLE : 0) | (writable_.isSet() ? UV_WRITABLE : 0);
  }
  const bool isWritable = (events & UV_WRITABLE) != 0 && writable_.isSet();
  const bool isReadable = (events & UV_READABLE) != 0 && readable_.isSet();
  if (status < 0 && !isWritable) watch();
  if (isWritable) {
    // Taken out first, so that the function can ask for the next time.
    Callback once;
    once.swap(writable_);
    watch();
    once.call();
  }
  // The first callback may have closed the socket or stopped reading.
  if (isReadable && readable_.isSet()) readable_.call();
}

napi_value UdpSocket::startPolling(Call& call) {
  requireOpen();
  const napi_value function = call.function(0, "callback");
  openPoll(call.env);
  readable_.set(call.env, function);
  watch();
  return call.undefined();
}

napi_value UdpSocket::stopPolling(Call& call) {
  readable_.clear();
  watch();
  return call.undefined();
}

napi_value UdpSocket::onceWritable(Call& call) {
  requireOpen();
  const napi_value function = call.function(0, "callback");
  openPoll(call.env);
  writable_.set(call.env, function);
  watch();
  return call.undefined();
}

napi_value UdpSocket::close(Call& call) {
  poll_.reset();
  fd_.close();
  readable_.clear();
  writable_.clear();
  hold(false);
  return call.undefined();
}

void defineUdpSocket(napi_env env, napi_value exports) {
  defineClass(env, exports, "UdpSocket", boundary<callConstructor<UdpSocket>>,
              {
                  getter<UdpSocket, &UdpSocket::localPort>("localPort"),
                  method<UdpSocket, &UdpSocket::receive>("receive"),
                  method<UdpSocket, &UdpSocket::send>("send"),
                  method<UdpSocket, &UdpSocket::takeErrors>("takeErrors"),
                  method<UdpSocket, &UdpSocket::startPolling>("startPolling"),
                  method<UdpSocket, &UdpSocket::stopPolling>("stopPolling"),
                  method<UdpSocket, &UdpSocket::onceWritable>("onceWritable"),
                  method<UdpSocket, &UdpSocket::close>("close"),
              });
}

}  // namespace bowline
