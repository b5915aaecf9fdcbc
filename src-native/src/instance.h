#pragma once

#include <node_api.h>

#include "address_table.h"
#include "arena.h"
#include "file_descriptor.h"
#include "key_table.h"
#include "udp_scratch.h"

namespace bowline {

// State of the addon in one JavaScript environment. Objects reach it only during a call, never from
// a finalizer, so the order of tear-down does not matter.
struct Instance {
  Arena arena;
  AddressTable addresses;
  KeyTable keys;
  UdpScratch udpScratch;
  // Kept open for carrierUp(), which is asked many times a second.
  FileDescriptor controlSocket;
  // Handed over by who started this process; the next gate takes it.
  FileDescriptor execGroup;
};

}  // namespace bowline
