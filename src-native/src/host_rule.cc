#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include <cstddef>

#include "file_descriptor.h"
#include "functions.h"

namespace bowline {

namespace {

struct Request {
  nlmsghdr header{};
  fib_rule_hdr body{};
  // More than all attributes below together.
  uint8_t attributes[192]{};

  template <class T>
  void add(uint16_t type, const T& value) {
    add(type, &value, sizeof value);
  }

  void add(uint16_t type, const void* value, size_t length) {
    auto* attribute = reinterpret_cast<rtattr*>(reinterpret_cast<uint8_t*>(this) + NLMSG_ALIGN(header.nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = static_cast<uint16_t>(RTA_LENGTH(length));
    memcpy(RTA_DATA(attribute), value, length);
    header.nlmsg_len = NLMSG_ALIGN(header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
  }
};
static_assert(offsetof(Request, attributes) == NLMSG_LENGTH(sizeof(fib_rule_hdr)));

void addDestination(Request& request, const std::string& address) {
  uint8_t bytes[sizeof(in6_addr)];
  const bool is4 = request.body.family == AF_INET;
  if (inet_pton(request.body.family, address.c_str(), bytes) != 1) throwRange("ERR_BAD_ADDRESS", "not an IP address");
  const size_t length = is4 ? sizeof(in_addr) : sizeof(in6_addr);
  request.body.dst_len = static_cast<uint8_t>(length * 8);
  request.add(FRA_DST, bytes, length);
}

void addAction(Request& request, const Options& options) {
  if (options.has("table")) {
    request.body.action = FR_ACT_TO_TBL;
    request.add(FRA_TABLE, static_cast<uint32_t>(options.int32("table", 0, 1, 0x7fffffff)));
  } else if (options.has("goto")) {
    request.body.action = FR_ACT_GOTO;
    request.add(FRA_GOTO, static_cast<uint32_t>(options.int32("goto", 0, 1, 32767)));
  } else {
    request.body.action = FR_ACT_UNREACHABLE;
  }
}

int32_t required(const Options& options, const char* name, int32_t min, int32_t max) {
  if (!options.has(name)) throwType(std::string(name) + " must be a number");
  return options.int32(name, 0, min, max);
}

// 0, or the error number that the kernel answers with.
int carryOut(const Request& request) {
  const FileDescriptor fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.isOpen()) throwSystem("socket");
  if (send(fd.get(), &request, request.header.nlmsg_len, 0) < 0) throwSystem("send");
  // The kernel has answered when send() returns; on errors the request follows the answer.
  struct {
    nlmsghdr header;
    nlmsgerr body;
    uint8_t request[sizeof(Request)];
  } answer{};
  if (recv(fd.get(), &answer, sizeof answer, MSG_DONTWAIT) < 0) throwSystem("recv");
  return answer.header.nlmsg_type == NLMSG_ERROR ? -answer.body.error : EPROTO;
}

}  // namespace

// hostRule(isWanted, rule): whether anything has changed.
napi_value hostRule(Call& call) {
  bool isWanted = false;
  if (!call.has(0) || napi_get_value_bool(call.env, call.arguments[0], &isWanted) != napi_ok) {
    throwType("isWanted must be a boolean");
  }
  const Options options(call.env, call.object(1, "rule"));
  Request request;
  request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.body);
  request.header.nlmsg_type = isWanted ? RTM_NEWRULE : RTM_DELRULE;
  request.header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | (isWanted ? NLM_F_CREATE | NLM_F_EXCL : 0));
  request.header.nlmsg_seq = 1;
  const int32_t family = required(options, "family", 4, 6);
  if (family == 5) throwRange("ERR_OUT_OF_RANGE", "family must be 4 or 6");
  request.body.family = family == 4 ? AF_INET : AF_INET6;
  request.add(FRA_PRIORITY, static_cast<uint32_t>(required(options, "priority", 1, 32765)));
  request.add(FRA_PROTOCOL, static_cast<uint8_t>(required(options, "owner", 1, 255)));
  if (options.has("address")) {
    addDestination(request, options.string("address", INET6_ADDRSTRLEN));
    request.add(FRA_FWMARK, uint32_t{0});
    request.add(FRA_FWMASK, options.uint32("markMask", 0));
    if (options.has("protocol")) {
      request.add(FRA_IP_PROTO, static_cast<uint8_t>(options.int32("protocol", 0, 1, 255)));
    }
    if (options.has("port")) {
      const auto port = static_cast<uint16_t>(options.int32("port", 0, 1, 65535));
      request.add(FRA_DPORT_RANGE, fib_rule_port_range{port, port});
    }
    addAction(request, options);
  } else if (isWanted) {
    throwType("address must be a string");
  }
  const int error = carryOut(request);
  if (error == (isWanted ? EEXIST : ENOENT)) return makeBoolean(call.env, false);
  if (error != 0) throwSystem(isWanted ? "netlink rule add" : "netlink rule delete", error);
  return makeBoolean(call.env, true);
}

}  // namespace bowline
