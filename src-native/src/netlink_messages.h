#pragma once

#include <linux/netlink.h>
#include <node_api.h>

#include <vector>

namespace bowline {

// Appends the event or events of one rtnetlink message; nothing for messages that say nothing of
// links, addresses, routes, rules or neighbours.
void appendEvents(napi_env env, const nlmsghdr* message, std::vector<napi_value>& events);

// The event that stands for messages the kernel had to drop.
napi_value overflowEvent(napi_env env);

}  // namespace bowline
