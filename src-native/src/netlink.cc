#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include <string_view>

#include "netlink_messages.h"
#include "readable_object.h"

namespace bowline {

namespace {

// The kernel never builds a larger dump message.
constexpr size_t kBufferBytes = 64 * 1024;
// One read() handles at most this many messages, so that a storm cannot hold up the event loop.
constexpr int kMaxMessagesPerRead = 512;
// Room for a few thousand events: a burst while JavaScript is busy should not overflow.
constexpr int kReceiveBufferBytes = 2 * 1024 * 1024;

struct Group {
  std::string_view name;
  int number;
};

constexpr Group kGroups[] = {
    {"link", RTNLGRP_LINK},           {"address4", RTNLGRP_IPV4_IFADDR}, {"address6", RTNLGRP_IPV6_IFADDR},
    {"route4", RTNLGRP_IPV4_ROUTE},   {"route6", RTNLGRP_IPV6_ROUTE},    {"rule4", RTNLGRP_IPV4_RULE},
    {"rule6", RTNLGRP_IPV6_RULE},     {"neighbour", RTNLGRP_NEIGH},
};

struct DumpKind {
  std::string_view name;
  uint16_t request;
  bool isPerFamily;
};

constexpr DumpKind kDumpKinds[] = {
    {"link", RTM_GETLINK, false},
    {"address", RTM_GETADDR, true},
    {"route", RTM_GETROUTE, true},
    {"rule", RTM_GETRULE, true},
    {"neighbour", RTM_GETNEIGH, true},
};

FileDescriptor openSocket(int flags) {
  FileDescriptor fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE));
  if (!fd.isOpen()) throwSystem("socket");
  sockaddr_nl name{};
  name.nl_family = AF_NETLINK;
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) throwSystem("bind");
  return fd;
}

napi_value arrayOf(napi_env env, const std::vector<napi_value>& items) {
  napi_value list = nullptr;
  check(env, napi_create_array_with_length(env, items.size(), &list));
  for (uint32_t i = 0; i < items.size(); i++) check(env, napi_set_element(env, list, i, items[i]));
  return list;
}

struct Received {
  size_t length = 0;
  int error = 0;
  bool isFromKernel = false;
  bool isCut = false;
};

Received receiveFrom(int fd, std::vector<uint8_t>& buffer) {
  sockaddr_nl sender{};
  iovec vector{buffer.data(), buffer.size()};
  msghdr header{};
  header.msg_name = &sender;
  header.msg_namelen = sizeof sender;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  ssize_t length;
  do {
    length = recvmsg(fd, &header, 0);
  } while (length < 0 && errno == EINTR);
  Received received;
  if (length < 0) {
    received.error = errno;
    return received;
  }
  received.length = static_cast<size_t>(length);
  // Another process can address this socket too; only the kernel has port 0.
  received.isFromKernel = sender.nl_pid == 0;
  received.isCut = (header.msg_flags & MSG_TRUNC) != 0;
  return received;
}

void requestDump(int fd, const DumpKind& kind, uint8_t family) {
  struct {
    nlmsghdr header;
    ifinfomsg body;
    rtattr attribute;
    uint32_t mask;
  } request{};
  // All dump requests accept the longest of their fixed parts; unused bytes are zero.
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.body);
  request.header.nlmsg_type = kind.request;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.header.nlmsg_seq = 1;
  request.body.ifi_family = family;
  if (kind.request == RTM_GETLINK) {
    request.attribute.rta_type = IFLA_EXT_MASK;
    request.attribute.rta_len = RTA_LENGTH(sizeof request.mask);
    request.mask = RTEXT_FILTER_SKIP_STATS;
    request.header.nlmsg_len = sizeof request;
  }
  if (send(fd, &request, request.header.nlmsg_len, 0) < 0) throwSystem("send");
}

// Reads one dump to its end; false if the kernel says that things changed meanwhile.
bool readDump(napi_env env, int fd, std::vector<uint8_t>& buffer, std::vector<napi_value>& events) {
  bool isConsistent = true;
  for (;;) {
    const Received received = receiveFrom(fd, buffer);
    if (received.error != 0) throwSystem("recvmsg", received.error);
    if (!received.isFromKernel) continue;
    if (received.isCut) throwSystem("recvmsg", EMSGSIZE);
    size_t left = received.length;
    for (const auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) isConsistent = false;
      if (message->nlmsg_type == NLMSG_DONE) return isConsistent;
      if (message->nlmsg_type == NLMSG_ERROR) {
        const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(message));
        throwSystem("netlink dump", message->nlmsg_len >= NLMSG_LENGTH(sizeof *error) ? -error->error : EPROTO);
      }
      appendEvents(env, message, events);
    }
  }
}

void dumpFamily(napi_env env, const DumpKind& kind, uint8_t family, std::vector<uint8_t>& buffer,
                std::vector<napi_value>& events) {
  const size_t before = events.size();
  // A busy system may never stand still; after a few tries the last picture has to do, and the
  // change events that follow put it right.
  constexpr int kMaxTries = 4;
  for (int attempt = 0; attempt < kMaxTries; attempt++) {
    events.resize(before);
    const FileDescriptor fd = openSocket(0);
    // The kernel answers while it handles the request; this only guards against hanging for ever.
    const timeval timeout{2, 0};
    if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0) {
      throwSystem("setsockopt(SO_RCVTIMEO)");
    }
    requestDump(fd.get(), kind, family);
    if (readDump(env, fd.get(), buffer, events)) return;
  }
}

// Does what a packet for the neighbour would do: the kernel asks for its hardware address, or checks an old answer.
void requestNeighbour(int ifindex, const std::string& address) {
  struct {
    nlmsghdr header;
    ndmsg body;
    rtattr attribute;
    uint8_t destination[sizeof(in6_addr)];
  } request{};
  const bool is4 = inet_pton(AF_INET, address.c_str(), request.destination) == 1;
  if (!is4 && inet_pton(AF_INET6, address.c_str(), request.destination) != 1) {
    throwRange("ERR_BAD_ADDRESS", "not an IP address");
  }
  request.body.ndm_family = is4 ? AF_INET : AF_INET6;
  request.body.ndm_ifindex = ifindex;
  request.body.ndm_flags = NTF_USE;
  request.attribute.rta_type = NDA_DST;
  request.attribute.rta_len = RTA_LENGTH(is4 ? sizeof(in_addr) : sizeof(in6_addr));
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.body) + request.attribute.rta_len;
  request.header.nlmsg_type = RTM_NEWNEIGH;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK;
  request.header.nlmsg_seq = 1;
  const FileDescriptor fd = openSocket(0);
  if (send(fd.get(), &request, request.header.nlmsg_len, 0) < 0) throwSystem("send");
  // The kernel has answered when send() returns.
  struct {
    nlmsghdr header;
    nlmsgerr body;
  } answer{};
  if (recv(fd.get(), &answer, sizeof answer, MSG_DONTWAIT) < 0) throwSystem("recv");
  if (answer.header.nlmsg_type == NLMSG_ERROR && answer.body.error != 0) {
    throwSystem("netlink neighbour", -answer.body.error);
  }
}

}  // namespace

// Listens to rtnetlink and asks it for the present state.
class Netlink final : public ReadableObject {
 public:
  static constexpr ObjectKind kKind = ObjectKind::kNetlink;

  // An error condition is a full buffer here, which read() reports.
  explicit Netlink(Call& call)
      : ReadableObject(kKind, "the netlink socket", goOnAtError), buffer_(kBufferBytes) {
    const Options options(call.env, call.object(0, "options"));
    const napi_value list = options.get("groups");
    bool isArray = false;
    if (list != nullptr) check(call.env, napi_is_array(call.env, list, &isArray));
    if (!isArray) throwType("groups must be an array");
    fd_ = openSocket(SOCK_NONBLOCK);
    const int size = kReceiveBufferBytes;
    if (setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
      setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    }
    uint32_t count = 0;
    check(call.env, napi_get_array_length(call.env, list, &count));
    if (count > 32) throwRange("ERR_OUT_OF_RANGE", "groups is too long");
    for (uint32_t i = 0; i < count; i++) {
      napi_value name = nullptr;
      check(call.env, napi_get_element(call.env, list, i, &name));
      join(toString(call.env, name, "group", 32));
    }
  }

  napi_value read(Call& call) {
    requireOpen();
    std::vector<napi_value> events;
    for (int i = 0; i < kMaxMessagesPerRead; i++) {
      const Received received = receiveFrom(fd_.get(), buffer_);
      if (received.error == EAGAIN) break;
      if (received.error == ENOBUFS || received.isCut) {
        events.push_back(overflowEvent(call.env));
        continue;
      }
      if (received.error != 0) throwSystem("recvmsg", received.error);
      if (!received.isFromKernel) continue;
      size_t left = received.length;
      for (const auto* message = reinterpret_cast<nlmsghdr*>(buffer_.data()); NLMSG_OK(message, left);
           message = NLMSG_NEXT(message, left)) {
        appendEvents(call.env, message, events);
      }
    }
    return arrayOf(call.env, events);
  }

  napi_value dump(Call& call) {
    requireOpen();
    const std::string name = call.string(0, "kind", 32);
    for (const DumpKind& kind : kDumpKinds) {
      if (kind.name != name) continue;
      std::vector<napi_value> events;
      if (kind.isPerFamily) {
        dumpFamily(call.env, kind, AF_INET, buffer_, events);
        dumpFamily(call.env, kind, AF_INET6, buffer_, events);
      } else {
        dumpFamily(call.env, kind, AF_UNSPEC, buffer_, events);
      }
      return arrayOf(call.env, events);
    }
    throwRange("ERR_OUT_OF_RANGE", "there is no dump of this kind");
  }

  napi_value resolve(Call& call) {
    requireOpen();
    requestNeighbour(call.int32(0, "ifindex"), call.string(1, "address", INET6_ADDRSTRLEN));
    return call.undefined();
  }

 private:
  void join(const std::string& name) {
    for (const Group& group : kGroups) {
      if (group.name != name) continue;
      if (setsockopt(fd_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group.number, sizeof group.number) != 0) {
        throwSystem("setsockopt(NETLINK_ADD_MEMBERSHIP)");
      }
      return;
    }
    throwRange("ERR_OUT_OF_RANGE", "there is no group of this name");
  }

  std::vector<uint8_t> buffer_;
};

void defineNetlink(napi_env env, napi_value exports) {
  defineClass(env, exports, "Netlink", boundary<callConstructor<Netlink>>,
              {
                  method<Netlink, &Netlink::startPolling>("startPolling"),
                  method<Netlink, &Netlink::stopPolling>("stopPolling"),
                  method<Netlink, &Netlink::read>("read"),
                  method<Netlink, &Netlink::dump>("dump"),
                  method<Netlink, &Netlink::resolve>("resolve"),
                  method<Netlink, &Netlink::close>("close"),
              });
}

}  // namespace bowline
