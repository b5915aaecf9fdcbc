#include "netlink_messages.h"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include <array>
#include <string>

#include "js.h"

namespace bowline {

namespace {

// The attributes of one message by type; the last of a kind wins.
class Attributes {
 public:
  // Above every attribute number that is asked for here.
  static constexpr size_t kTypes = 64;

  Attributes(const void* first, int64_t length) { parse(first, length); }
  explicit Attributes(const rtattr* nest) { parse(RTA_DATA(nest), RTA_PAYLOAD(nest)); }

  const rtattr* get(size_t type) const { return items_[type]; }
  bool has(size_t type) const { return items_[type] != nullptr; }

  uint32_t number(size_t type, uint32_t fallback) const {
    uint32_t value = fallback;
    if (has(type) && RTA_PAYLOAD(items_[type]) >= sizeof value) memcpy(&value, RTA_DATA(items_[type]), sizeof value);
    return value;
  }

  uint8_t byte(size_t type, uint8_t fallback) const {
    if (!has(type) || RTA_PAYLOAD(items_[type]) < 1) return fallback;
    return *static_cast<const uint8_t*>(RTA_DATA(items_[type]));
  }

  std::string text(size_t type) const {
    if (!has(type)) return "";
    const char* data = static_cast<const char*>(RTA_DATA(items_[type]));
    return std::string(data, strnlen(data, RTA_PAYLOAD(items_[type])));
  }

  // Empty if absent or not of the family's length.
  std::string address(size_t type, int family) const {
    return has(type) ? format(RTA_DATA(items_[type]), RTA_PAYLOAD(items_[type]), family) : "";
  }

  static std::string format(const void* data, size_t length, int family) {
    char text[INET6_ADDRSTRLEN];
    if (length != (family == AF_INET ? 4u : 16u)) return "";
    return inet_ntop(family, data, text, sizeof text) != nullptr ? text : "";
  }

 private:
  void parse(const void* first, int64_t length) {
    const auto* item = static_cast<const rtattr*>(first);
    while (length >= static_cast<int64_t>(sizeof(rtattr)) && item->rta_len >= sizeof(rtattr) &&
           item->rta_len <= length) {
      const size_t type = item->rta_type & NLA_TYPE_MASK;
      if (type < kTypes) items_[type] = item;
      const int64_t step = RTA_ALIGN(item->rta_len);
      length -= step;
      item = reinterpret_cast<const rtattr*>(reinterpret_cast<const uint8_t*>(item) + step);
    }
  }

  std::array<const rtattr*, kTypes> items_{};
};

// The fixed part of a message, or nullptr if it is cut short.
template <class T>
const T* body(const nlmsghdr* message) {
  return message->nlmsg_len >= NLMSG_LENGTH(sizeof(T)) ? static_cast<const T*>(NLMSG_DATA(message)) : nullptr;
}

template <class T>
Attributes attributesOf(const nlmsghdr* message, const T* fixed) {
  const auto* first = reinterpret_cast<const uint8_t*>(fixed) + NLMSG_ALIGN(sizeof(T));
  const auto* end = reinterpret_cast<const uint8_t*>(message) + message->nlmsg_len;
  return Attributes(first, end - first);
}

bool isInternet(int family) { return family == AF_INET || family == AF_INET6; }
int familyNumber(int family) { return family == AF_INET ? 4 : 6; }
std::string anyAddress(int family) { return family == AF_INET ? "0.0.0.0" : "::"; }

ObjectBuilder begin(napi_env env, const char* type, bool isRemoved) {
  ObjectBuilder event(env);
  event.set("type", makeString(env, type)).boolean("removed", isRemoved);
  return event;
}

const char* scopeName(uint8_t scope) {
  switch (scope) {
    case RT_SCOPE_UNIVERSE:
      return "global";
    case RT_SCOPE_LINK:
      return "link";
    case RT_SCOPE_HOST:
      return "host";
    default:
      return "other";
  }
}

const char* operStateName(uint8_t state) {
  switch (state) {
    case IF_OPER_NOTPRESENT:
      return "not-present";
    case IF_OPER_DOWN:
      return "down";
    case IF_OPER_LOWERLAYERDOWN:
      return "lower-layer-down";
    case IF_OPER_TESTING:
      return "testing";
    case IF_OPER_DORMANT:
      return "dormant";
    case IF_OPER_UP:
      return "up";
    default:
      return "unknown";
  }
}

const char* routeTypeName(uint8_t type) {
  switch (type) {
    case RTN_UNICAST:
      return "unicast";
    case RTN_LOCAL:
      return "local";
    case RTN_BROADCAST:
      return "broadcast";
    case RTN_ANYCAST:
      return "anycast";
    case RTN_MULTICAST:
      return "multicast";
    case RTN_BLACKHOLE:
      return "blackhole";
    case RTN_UNREACHABLE:
      return "unreachable";
    case RTN_PROHIBIT:
      return "prohibit";
    case RTN_THROW:
      return "throw";
    default:
      return "other";
  }
}

const char* ruleActionName(uint8_t action) {
  switch (action) {
    case FR_ACT_TO_TBL:
      return "table";
    case FR_ACT_GOTO:
      return "goto";
    case FR_ACT_NOP:
      return "nop";
    case FR_ACT_BLACKHOLE:
      return "blackhole";
    case FR_ACT_UNREACHABLE:
      return "unreachable";
    case FR_ACT_PROHIBIT:
      return "prohibit";
    default:
      return "other";
  }
}

std::string hardwareAddress(const rtattr* item) {
  if (item == nullptr || RTA_PAYLOAD(item) != 6) return "";
  const auto* byte = static_cast<const uint8_t*>(RTA_DATA(item));
  char text[18];
  snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", byte[0], byte[1], byte[2], byte[3], byte[4], byte[5]);
  return text;
}

void appendLink(napi_env env, const nlmsghdr* message, std::vector<napi_value>& events) {
  const auto* link = body<ifinfomsg>(message);
  // The bridge module tells of its ports with the same message types; "removed" there only means
  // that the link left the bridge.
  if (link == nullptr || link->ifi_family != AF_UNSPEC) return;
  const auto attributes = attributesOf(message, link);
  // Wireless drivers wrap scan results into messages that lack everything else of the link.
  if (attributes.has(IFLA_WIRELESS)) return;
  std::string kind;
  if (attributes.has(IFLA_LINKINFO)) {
    kind = Attributes(attributes.get(IFLA_LINKINFO)).text(IFLA_INFO_KIND);
  }
  events.push_back(begin(env, "link", message->nlmsg_type == RTM_DELLINK)
                       .number("ifindex", link->ifi_index)
                       .string("name", attributes.text(IFLA_IFNAME))
                       .boolean("up", (link->ifi_flags & IFF_UP) != 0)
                       .boolean("carrier", (link->ifi_flags & IFF_LOWER_UP) != 0)
                       .string("operState", operStateName(attributes.byte(IFLA_OPERSTATE, IF_OPER_UNKNOWN)))
                       .number("mtuBytes", attributes.number(IFLA_MTU, 0))
                       .stringOrNull("kind", kind)
                       .number("master", attributes.number(IFLA_MASTER, 0))
                       .stringOrNull("mac", hardwareAddress(attributes.get(IFLA_ADDRESS)))
                       .boolean("isLoopback", (link->ifi_flags & IFF_LOOPBACK) != 0)
                       .boolean("isPointToPoint", (link->ifi_flags & IFF_POINTOPOINT) != 0)
                       .value());
}

void appendAddress(napi_env env, const nlmsghdr* message, std::vector<napi_value>& events) {
  const auto* address = body<ifaddrmsg>(message);
  if (address == nullptr || !isInternet(address->ifa_family)) return;
  const auto attributes = attributesOf(message, address);
  const uint32_t flags = attributes.number(IFA_FLAGS, address->ifa_flags);
  // On a point-to-point link IFA_ADDRESS is the far end.
  const size_t own = attributes.has(IFA_LOCAL) ? IFA_LOCAL : IFA_ADDRESS;
  const bool isIpv6 = address->ifa_family == AF_INET6;
  events.push_back(begin(env, "address", message->nlmsg_type == RTM_DELADDR)
                       .number("ifindex", address->ifa_index)
                       .number("family", familyNumber(address->ifa_family))
                       .string("address", attributes.address(own, address->ifa_family))
                       .number("prefixLength", address->ifa_prefixlen)
                       .string("scope", scopeName(address->ifa_scope))
                       // The same bit means "secondary" for IPv4.
                       .boolean("temporary", isIpv6 && (flags & IFA_F_TEMPORARY) != 0)
                       .boolean("deprecated", (flags & IFA_F_DEPRECATED) != 0)
                       .boolean("tentative", (flags & IFA_F_TENTATIVE) != 0)
                       .boolean("dadFailed", (flags & IFA_F_DADFAILED) != 0)
                       .value());
}

std::string gatewayOf(const Attributes& attributes, int family) {
  if (attributes.has(RTA_GATEWAY)) return attributes.address(RTA_GATEWAY, family);
  const rtattr* via = attributes.get(RTA_VIA);
  if (via == nullptr || RTA_PAYLOAD(via) < sizeof(rtvia)) return "";
  const auto* hop = static_cast<const rtvia*>(RTA_DATA(via));
  if (!isInternet(hop->rtvia_family)) return "";
  return Attributes::format(hop->rtvia_addr, RTA_PAYLOAD(via) - sizeof(rtvia), hop->rtvia_family);
}

void appendRoute(napi_env env, const nlmsghdr* message, std::vector<napi_value>& events) {
  const auto* route = body<rtmsg>(message);
  // Cloned routes are the kernel's cache, not configuration.
  if (route == nullptr || !isInternet(route->rtm_family) || (route->rtm_flags & RTM_F_CLONED) != 0) return;
  const int family = route->rtm_family;
  const auto attributes = attributesOf(message, route);
  const auto append = [&](const std::string& gateway, uint32_t interfaceIndex) {
    events.push_back(begin(env, "route", message->nlmsg_type == RTM_DELROUTE)
                         .number("family", familyNumber(family))
                         .number("table", attributes.number(RTA_TABLE, route->rtm_table))
                         .string("destination", attributes.has(RTA_DST) ? attributes.address(RTA_DST, family)
                                                                        : anyAddress(family))
                         .number("prefixLength", route->rtm_dst_len)
                         .stringOrNull("gateway", gateway)
                         .number("ifindex", interfaceIndex)
                         .number("metric", attributes.number(RTA_PRIORITY, 0))
                         .number("protocol", route->rtm_protocol)
                         .string("scope", scopeName(route->rtm_scope))
                         .string("routeType", routeTypeName(route->rtm_type))
                         .number("requester", message->nlmsg_pid)
                         .value());
  };
  const rtattr* multipath = attributes.get(RTA_MULTIPATH);
  if (multipath == nullptr) {
    append(gatewayOf(attributes, family), attributes.number(RTA_OIF, 0));
    return;
  }
  const auto* hop = static_cast<const rtnexthop*>(RTA_DATA(multipath));
  int64_t left = RTA_PAYLOAD(multipath);
  while (left >= static_cast<int64_t>(sizeof(rtnexthop)) && hop->rtnh_len >= sizeof(rtnexthop) && hop->rtnh_len <= left) {
    const Attributes hopAttributes(RTNH_DATA(hop), hop->rtnh_len - sizeof(rtnexthop));
    append(gatewayOf(hopAttributes, family), static_cast<uint32_t>(hop->rtnh_ifindex));
    const int64_t step = RTNH_ALIGN(hop->rtnh_len);
    left -= step;
    hop = reinterpret_cast<const rtnexthop*>(reinterpret_cast<const uint8_t*>(hop) + step);
  }
}

void appendRule(napi_env env, const nlmsghdr* message, std::vector<napi_value>& events) {
  const auto* rule = body<fib_rule_hdr>(message);
  if (rule == nullptr || !isInternet(rule->family)) return;
  const auto attributes = attributesOf(message, rule);
  const auto prefix = [&](size_t type) {
    return attributes.has(type) ? attributes.address(type, rule->family) : anyAddress(rule->family);
  };
  const uint32_t mark = attributes.number(FRA_FWMARK, 0);
  // The kernel says "do not suppress" with all bits set.
  const uint32_t suppress = attributes.number(FRA_SUPPRESS_PREFIXLEN, UINT32_MAX);
  events.push_back(begin(env, "rule", message->nlmsg_type == RTM_DELRULE)
                       .number("family", familyNumber(rule->family))
                       .number("priority", attributes.number(FRA_PRIORITY, 0))
                       .number("table", attributes.number(FRA_TABLE, rule->table))
                       .string("action", ruleActionName(rule->action))
                       .boolean("inverted", (rule->flags & FIB_RULE_INVERT) != 0)
                       .string("source", prefix(FRA_SRC))
                       .number("sourceLength", rule->src_len)
                       .string("destination", prefix(FRA_DST))
                       .number("destinationLength", rule->dst_len)
                       .number("mark", mark)
                       .number("markMask", attributes.number(FRA_FWMASK, mark == 0 ? 0 : UINT32_MAX))
                       .stringOrNull("inputInterface", attributes.text(FRA_IIFNAME))
                       .stringOrNull("outputInterface", attributes.text(FRA_OIFNAME))
                       .set("suppressPrefixLength",
                            suppress == UINT32_MAX ? makeNull(env) : makeNumber(env, suppress))
                       .number("protocol", attributes.byte(FRA_PROTOCOL, 0))
                       .number("requester", message->nlmsg_pid)
                       .value());
}

void appendNeighbour(napi_env env, const nlmsghdr* message, std::vector<napi_value>& events) {
  const auto* neighbour = body<ndmsg>(message);
  if (neighbour == nullptr || !isInternet(neighbour->ndm_family)) return;
  const auto attributes = attributesOf(message, neighbour);
  // In ticks of 10 ms, which is what the kernel tells programs, whatever its own clock.
  nda_cacheinfo cache{};
  cache.ndm_confirmed = UINT32_MAX;
  const rtattr* info = attributes.get(NDA_CACHEINFO);
  if (info != nullptr && RTA_PAYLOAD(info) >= sizeof cache) memcpy(&cache, RTA_DATA(info), sizeof cache);
  const uint16_t reachable = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;
  events.push_back(begin(env, "neighbour", message->nlmsg_type == RTM_DELNEIGH)
                       .number("ifindex", neighbour->ndm_ifindex)
                       .number("family", familyNumber(neighbour->ndm_family))
                       .string("address", attributes.address(NDA_DST, neighbour->ndm_family))
                       .stringOrNull("mac", hardwareAddress(attributes.get(NDA_LLADDR)))
                       .boolean("usable", (neighbour->ndm_state & reachable) != 0)
                       .boolean("failed", (neighbour->ndm_state & NUD_FAILED) != 0)
                       .number("confirmedAgoMicros", cache.ndm_confirmed * 10'000.0)
                       .value());
}

}  // namespace

void appendEvents(napi_env env, const nlmsghdr* message, std::vector<napi_value>& events) {
  switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return appendLink(env, message, events);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return appendAddress(env, message, events);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return appendRoute(env, message, events);
    case RTM_NEWRULE:
    case RTM_DELRULE:
      return appendRule(env, message, events);
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      return appendNeighbour(env, message, events);
    default:
      return;
  }
}

napi_value overflowEvent(napi_env env) { return begin(env, "overflow", false).value(); }

}  // namespace bowline
