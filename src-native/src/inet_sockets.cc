#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "file_descriptor.h"
#include "functions.h"
#include "inet_sockets.h"

namespace bowline {

namespace {

constexpr size_t kBufferBytes = 64 * 1024;
// States of the kernel's enum in which a socket has another end and a process: not listening, not waiting out its end.
constexpr uint32_t kOpenStates = (1u << 1) | (1u << 2) | (1u << 3) | (1u << 4) | (1u << 5) | (1u << 8) | (1u << 9);
// TCP_CLOSE: of UDP, a socket that is not connected.
constexpr uint8_t kUnconnected = 7;

std::string textOf(int family, const void* address) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(family, address, text, sizeof text);
  const std::string plain = text;
  // A socket of both families that has reached an IPv4 host.
  return plain.rfind("::ffff:", 0) == 0 ? plain.substr(7) : plain;
}

uint64_t cookieOf(const inet_diag_msg& socket) {
  return static_cast<uint64_t>(socket.id.idiag_cookie[1]) << 32 | socket.id.idiag_cookie[0];
}

// Null for a socket that is not connected and has not sent since somebody counts.
napi_value describe(napi_env env, const nlmsghdr* header, int protocol, const DatagramCounter* counter) {
  const auto* socket = static_cast<const inet_diag_msg*>(NLMSG_DATA(header));
  std::string local = textOf(socket->idiag_family, socket->id.idiag_src);
  double sent = 0;
  double received = 0;
  if (protocol == IPPROTO_UDP) {
    const std::optional<DatagramCount> count = counter == nullptr ? std::nullopt : counter->countOf(cookieOf(*socket));
    const bool isConnected = socket->idiag_state != kUnconnected;
    if (!isConnected && (!count.has_value() || count->version == 0)) return nullptr;
    if (!isConnected) local = textOf(count->version == 4 ? AF_INET : AF_INET6, count->local());
    if (count.has_value()) {
      sent = static_cast<double>(count->sent);
      received = static_cast<double>(count->received);
    }
  }
  int left = static_cast<int>(header->nlmsg_len - NLMSG_LENGTH(sizeof *socket));
  for (const auto* attribute = reinterpret_cast<const rtattr*>(socket + 1); RTA_OK(attribute, left);
       attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type != INET_DIAG_INFO || protocol != IPPROTO_TCP) continue;
    tcp_info info{};
    const size_t length = RTA_PAYLOAD(attribute);
    memcpy(&info, RTA_DATA(attribute), length < sizeof info ? length : sizeof info);
    sent = static_cast<double>(info.tcpi_bytes_acked);
    received = static_cast<double>(info.tcpi_bytes_received);
  }
  return ObjectBuilder(env)
      .number("inode", socket->idiag_inode)
      .string("local", local)
      .string("remote", textOf(socket->idiag_family, socket->id.idiag_dst))
      .number("remotePort", ntohs(socket->id.idiag_dport))
      .number("sentBytes", sent)
      .number("receivedBytes", received)
      .value();
}

void requestDump(int fd, int family, int protocol, uint32_t states) {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = static_cast<uint8_t>(family);
  request.body.sdiag_protocol = static_cast<uint8_t>(protocol);
  request.body.idiag_ext = 1 << (INET_DIAG_INFO - 1);
  request.body.idiag_states = states;
  if (send(fd, &request, sizeof request, 0) < 0) throwSystem("send");
}

}  // namespace

napi_value listSockets(napi_env env, const DatagramCounter* counter) {
  const FileDescriptor fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!fd.isOpen()) throwSystem("socket");
  // The kernel answers while it handles the request; this only guards against hanging for ever.
  const timeval timeout{2, 0};
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0) throwSystem("setsockopt");
  napi_value list = nullptr;
  check(env, napi_create_array(env, &list));
  uint32_t count = 0;
  std::vector<uint8_t> buffer(kBufferBytes);
  for (const int protocol : {IPPROTO_TCP, IPPROTO_UDP}) {
    for (const int family : {AF_INET, AF_INET6}) {
      const bool withUnconnected = counter != nullptr && protocol == IPPROTO_UDP;
      requestDump(fd.get(), family, protocol, withUnconnected ? kOpenStates | 1u << kUnconnected : kOpenStates);
      for (bool isOver = false; !isOver;) {
        const ssize_t length = recv(fd.get(), buffer.data(), buffer.size(), 0);
        if (length < 0) throwSystem("recv");
        size_t left = static_cast<size_t>(length);
        for (const auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left)) {
          // ENOENT where the kernel has no module for a protocol: then there is no such socket.
          if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) isOver = true;
          if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY) continue;
          if (message->nlmsg_len < NLMSG_LENGTH(sizeof(inet_diag_msg))) continue;
          const napi_value described = describe(env, message, protocol, counter);
          if (described != nullptr) check(env, napi_set_element(env, list, count++, described));
        }
      }
    }
  }
  return list;
}

napi_value inetSockets(Call& call) { return listSockets(call.env, nullptr); }

}  // namespace bowline
