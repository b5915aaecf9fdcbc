#pragma once

#include <netinet/in.h>
#include <string.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace bowline {

// Who a datagram came from or goes to, and over which local address. IPv4 addresses are held in
// their IPv6-mapped form, so that one remote has one identity on every socket.
struct Address {
  in6_addr remote{};
  in6_addr local{};           // all zero: not known, the kernel chooses
  uint32_t scopeId = 0;       // only for link-local remotes
  uint32_t interfaceIndex = 0;
  uint16_t port = 0;          // host order
  uint16_t reserved = 0;      // keeps the struct free of padding, so that it can be compared as bytes

  bool isIpv4() const { return IN6_IS_ADDR_V4MAPPED(&remote); }
  bool hasLocal() const { return !IN6_IS_ADDR_UNSPECIFIED(&local); }
  bool isLinkLocal() const;
  bool operator==(const Address& other) const { return memcmp(this, &other, sizeof other) == 0; }
};
static_assert(sizeof(Address) == 44, "Address must have no padding");

in6_addr mapIpv4(in_addr address);
in_addr unmapIpv4(const in6_addr& address);
// Parses IPv4, IPv6 and IPv4-mapped text; false if it is none of them.
bool parseAddress(const std::string& text, in6_addr& address);
// IPv4-mapped addresses are written as plain IPv4.
std::string formatAddress(const in6_addr& address);

// Small integers for addresses. A fixed number of entries: what is not pinned is recycled, least
// recently used first (second chance), so that a flood of spoofed sources grows nothing.
class AddressTable {
 public:
  static constexpr uint32_t kCapacity = 4096;

  AddressTable();

  // The id, 1 to kCapacity; 0 if every entry is pinned or in use by the current batch.
  uint32_t intern(const Address& address);
  // The same for an address of the current batch: its entry is not recycled before the next batch
  // begins, so that the ids of one batch never alias.
  uint32_t internInBatch(const Address& address);
  // nullptr if the id is not in use.
  const Address* find(uint32_t id) const;
  // An entry with this remote, port and scope and any local address; 0 if there is none.
  uint32_t findRemote(const Address& address) const;
  // A keyed hash of the remote address without its port; the id must be in use.
  uint32_t sourceOf(uint32_t id) const;
  // False if the id is not in use.
  bool pin(uint32_t id);
  // False if the id is not pinned.
  bool unpin(uint32_t id);
  void beginBatch() { batch_++; }

 private:
  struct Entry {
    Address address;
    uint32_t pins = 0;
    uint64_t batch = 0;
    uint16_t next = 0;
    bool used = false;
    bool recent = false;
  };
  static constexpr uint32_t kBuckets = 2 * kCapacity;

  uint64_t hashOf(const uint64_t* words, std::size_t count) const;
  uint32_t bucketOf(const Address& address) const;
  uint32_t takeEntry();
  void unlink(uint32_t id);

  std::vector<Entry> entries_;
  std::vector<uint16_t> buckets_;
  std::array<uint64_t, 2> secret_;
  uint64_t batch_ = 1;
  uint32_t unused_ = 1;
  uint32_t hand_ = 1;
  uint32_t last_ = 0;
};

}  // namespace bowline
