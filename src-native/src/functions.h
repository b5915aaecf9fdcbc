#pragma once

#include "js.h"

namespace bowline {

// Free functions of the addon, by the file that defines them.

// aead.cc
napi_value keyAdd(Call& call);
napi_value keyDrop(Call& call);
napi_value hasAesHardware(Call& call);
napi_value seal(Call& call);
napi_value open(Call& call);

// cgroup_mark.cc
napi_value cgroupMarkSet(Call& call);
napi_value cgroupMarkClear(Call& call);

// exec_gate.cc
napi_value adoptExecGroup(Call& call);

// process_starts.cc
napi_value executableOf(Call& call);

// host.cc
napi_value nowMicros(Call& call);
napi_value carrierUp(Call& call);
napi_value peerCredentials(Call& call);
napi_value sdNotify(Call& call);
napi_value sdBarrier(Call& call);
napi_value useTimeSlice(Call& call);

// host_rule.cc
napi_value hostRule(Call& call);

// inet_sockets.cc
napi_value inetSockets(Call& call);

}  // namespace bowline
