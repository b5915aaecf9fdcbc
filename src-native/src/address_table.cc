#include "address_table.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/random.h>

#include "errors.h"

namespace bowline {

bool Address::isLinkLocal() const {
  if (isIpv4()) return remote.s6_addr[12] == 169 && remote.s6_addr[13] == 254;
  return IN6_IS_ADDR_LINKLOCAL(&remote) || IN6_IS_ADDR_MC_LINKLOCAL(&remote);
}

in6_addr mapIpv4(in_addr address) {
  in6_addr mapped{};
  mapped.s6_addr[10] = 0xff;
  mapped.s6_addr[11] = 0xff;
  memcpy(&mapped.s6_addr[12], &address, sizeof address);
  return mapped;
}

in_addr unmapIpv4(const in6_addr& address) {
  in_addr plain;
  memcpy(&plain, &address.s6_addr[12], sizeof plain);
  return plain;
}

bool parseAddress(const std::string& text, in6_addr& address) {
  in_addr plain;
  if (inet_pton(AF_INET, text.c_str(), &plain) == 1) {
    address = mapIpv4(plain);
    return true;
  }
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::string formatAddress(const in6_addr& address) {
  char text[INET6_ADDRSTRLEN];
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    const in_addr plain = unmapIpv4(address);
    return inet_ntop(AF_INET, &plain, text, sizeof text);
  }
  return inet_ntop(AF_INET6, &address, text, sizeof text);
}

AddressTable::AddressTable() : entries_(kCapacity + 1), buckets_(kBuckets, 0) {
  // Bucket choice must not be predictable, or one sender could put all its addresses into one chain.
  if (getrandom(secret_.data(), sizeof secret_, 0) != static_cast<ssize_t>(sizeof secret_)) {
    throwSystem("getrandom");
  }
}

uint64_t AddressTable::hashOf(const uint64_t* words, std::size_t count) const {
  uint64_t hash = secret_[0];
  for (std::size_t index = 0; index < count; index++) {
    const unsigned __int128 product =
        static_cast<unsigned __int128>(hash ^ words[index]) * (secret_[1] | 1) + 0x9e3779b97f4a7c15u;
    hash = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  return hash;
}

uint32_t AddressTable::bucketOf(const Address& address) const {
  uint64_t words[6] = {};
  memcpy(words, &address, sizeof address);
  return static_cast<uint32_t>(hashOf(words, 6) >> 32) % kBuckets;
}

uint32_t AddressTable::sourceOf(uint32_t id) const {
  // The last word is a round more for what differs in the end of an address only.
  uint64_t words[3] = {};
  memcpy(words, &entries_[id].address.remote, sizeof(in6_addr));
  return static_cast<uint32_t>(hashOf(words, 3) >> 32);
}

uint32_t AddressTable::intern(const Address& address) {
  // Datagrams come in runs from one peer.
  uint32_t id = last_;
  if (id == 0 || !(entries_[id].address == address)) {
    const uint32_t bucket = bucketOf(address);
    id = buckets_[bucket];
    while (id != 0 && !(entries_[id].address == address)) id = entries_[id].next;
    if (id == 0) {
      id = takeEntry();
      if (id == 0) return 0;
      Entry& fresh = entries_[id];
      fresh.address = address;
      fresh.used = true;
      fresh.next = buckets_[bucket];
      buckets_[bucket] = static_cast<uint16_t>(id);
    }
  }
  entries_[id].recent = true;
  last_ = id;
  return id;
}

uint32_t AddressTable::internInBatch(const Address& address) {
  const uint32_t id = intern(address);
  if (id != 0) entries_[id].batch = batch_;
  return id;
}

uint32_t AddressTable::takeEntry() {
  if (unused_ <= kCapacity) return unused_++;
  // Two rounds: the first may only clear marks.
  for (uint32_t step = 0; step < 2 * kCapacity; step++) {
    const uint32_t id = hand_;
    hand_ = hand_ == kCapacity ? 1 : hand_ + 1;
    Entry& entry = entries_[id];
    if (entry.pins > 0 || entry.batch == batch_) continue;
    if (entry.recent) {
      entry.recent = false;
      continue;
    }
    unlink(id);
    return id;
  }
  return 0;
}

void AddressTable::unlink(uint32_t id) {
  uint16_t* link = &buckets_[bucketOf(entries_[id].address)];
  while (*link != id) link = &entries_[*link].next;
  *link = entries_[id].next;
  entries_[id] = Entry{};
  if (last_ == id) last_ = 0;
}

const Address* AddressTable::find(uint32_t id) const {
  if (id == 0 || id > kCapacity || !entries_[id].used) return nullptr;
  return &entries_[id].address;
}

uint32_t AddressTable::findRemote(const Address& address) const {
  for (uint32_t id = 1; id < unused_; id++) {
    const Entry& entry = entries_[id];
    if (entry.used && entry.address.port == address.port && entry.address.scopeId == address.scopeId &&
        memcmp(&entry.address.remote, &address.remote, sizeof address.remote) == 0) {
      return id;
    }
  }
  return 0;
}

bool AddressTable::pin(uint32_t id) {
  if (find(id) == nullptr || entries_[id].pins == UINT32_MAX) return false;
  entries_[id].pins++;
  return true;
}

bool AddressTable::unpin(uint32_t id) {
  if (find(id) == nullptr || entries_[id].pins == 0) return false;
  entries_[id].pins--;
  entries_[id].recent = true;
  return true;
}

}  // namespace bowline
