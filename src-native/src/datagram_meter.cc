#include <netinet/in.h>
#include <string.h>

#include <array>
#include <cstddef>
#include <optional>

#include "bpf.h"
#include "inet_sockets.h"
#include "wrapped_object.h"

namespace bowline {

namespace {

// Sockets beyond this push out those that were used least lately. A desktop has some hundred.
constexpr uint32_t kMostSockets = 4096;

// The program's stack: the cookie, the first 24 bytes of the packet, and an empty count.
constexpr int16_t kCookie = -8;
constexpr int16_t kHead = -32;
constexpr int32_t kHeadBytes = 24;
constexpr int16_t kEmpty = kHead - static_cast<int16_t>(sizeof(DatagramCount));
static_assert(sizeof(DatagramCount) == 40 && kEmpty % 8 == 0);

enum class Direction { kOutgoing, kIncoming };

FileDescriptor required(long fd, const char* call) {
  if (fd < 0) throwSystem(call);
  return FileDescriptor(static_cast<int>(fd));
}

FileDescriptor makeMap() {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_LRU_HASH;
  attributes.key_size = sizeof(uint64_t);
  attributes.value_size = sizeof(DatagramCount);
  attributes.max_entries = kMostSockets;
  strncpy(attributes.map_name, "bowline_counts", sizeof attributes.map_name - 1);
  return required(bpf(BPF_MAP_CREATE, attributes), "bpf(BPF_MAP_CREATE)");
}

// Instructions one after the other, with jumps to places that come later.
class Assembler {
 public:
  void add(uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t value) {
    program_[count_++] = instruction(code, to, from, offset, value);
  }
  void call(int32_t helper) { add(BPF_JMP | BPF_CALL, 0, 0, 0, helper); }
  void copy(uint8_t to, uint8_t from) { add(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0); }
  void set(uint8_t to, int32_t value) { add(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value); }
  void stackAddress(uint8_t to, int16_t place) {
    copy(to, BPF_REG_10);
    add(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, place);
  }
  void loadMap(uint8_t to, int fd) {
    add(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, fd);
    add(0, 0, 0, 0, 0);
  }
  // Returns the jump, for land().
  size_t jump(uint8_t condition, uint8_t left, int32_t right) {
    add(BPF_JMP | condition | BPF_K, left, 0, 0, right);
    return count_ - 1;
  }
  void land(size_t jump) { program_[jump].off = static_cast<int16_t>(count_ - jump - 1); }
  const bpf_insn* instructions() const { return program_.data(); }
  uint32_t count() const { return static_cast<uint32_t>(count_); }

 private:
  std::array<bpf_insn, 64> program_{};
  size_t count_ = 0;
};

/*
 * The program, for each packet of a socket in the group:
 *
 *   if (the packet is UDP) {
 *     count = counts[cookie of its socket], made if it is not there;
 *     count.sent (or received) += length of the payload;
 *     if (it leaves) { count.head = bytes 8 to 23 of the packet; count.version = its version; }
 *   }
 *   let it pass;
 */
FileDescriptor loadCountProgram(Direction direction, int map) {
  constexpr uint8_t kPacket = BPF_REG_6, kVersion = BPF_REG_7, kHeaders = BPF_REG_8, kPayload = BPF_REG_9;
  Assembler code;
  code.copy(kPacket, BPF_REG_1);
  code.set(BPF_REG_2, 0);
  code.stackAddress(BPF_REG_3, kHead);
  code.set(BPF_REG_4, kHeadBytes);
  code.call(BPF_FUNC_skb_load_bytes);
  const size_t isShort = code.jump(BPF_JNE, BPF_REG_0, 0);

  code.add(BPF_LDX | BPF_MEM | BPF_B, kVersion, BPF_REG_10, kHead, 0);
  code.add(BPF_ALU64 | BPF_RSH | BPF_K, kVersion, 0, 0, 4);
  const size_t isVersion6 = code.jump(BPF_JEQ, kVersion, 6);
  code.add(BPF_LDX | BPF_MEM | BPF_B, BPF_REG_1, BPF_REG_10, kHead + 9, 0);
  code.set(kHeaders, 20 + 8);
  const size_t toProtocol = code.jump(BPF_JA, 0, 0);
  code.land(isVersion6);
  code.add(BPF_LDX | BPF_MEM | BPF_B, BPF_REG_1, BPF_REG_10, kHead + 6, 0);
  code.set(kHeaders, 40 + 8);
  code.land(toProtocol);
  const size_t isOther = code.jump(BPF_JNE, BPF_REG_1, IPPROTO_UDP);

  code.copy(BPF_REG_1, kPacket);
  code.call(BPF_FUNC_get_socket_cookie);
  const size_t isNobodys = code.jump(BPF_JEQ, BPF_REG_0, 0);
  code.add(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, BPF_REG_0, kCookie, 0);
  code.add(BPF_LDX | BPF_MEM | BPF_W, kPayload, kPacket, offsetof(__sk_buff, len), 0);
  code.add(BPF_ALU64 | BPF_SUB | BPF_X, kPayload, kHeaders, 0, 0);

  const auto find = [&] {
    code.loadMap(BPF_REG_1, map);
    code.stackAddress(BPF_REG_2, kCookie);
    code.call(BPF_FUNC_map_lookup_elem);
  };
  find();
  const size_t isKnown = code.jump(BPF_JNE, BPF_REG_0, 0);
  for (int16_t place = kEmpty; place < kHead; place += 8) {
    code.add(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, place, 0);
  }
  code.loadMap(BPF_REG_1, map);
  code.stackAddress(BPF_REG_2, kCookie);
  code.stackAddress(BPF_REG_3, kEmpty);
  code.set(BPF_REG_4, BPF_NOEXIST);
  code.call(BPF_FUNC_map_update_elem);
  find();
  const size_t isPushedOut = code.jump(BPF_JEQ, BPF_REG_0, 0);
  code.land(isKnown);

  const bool isOutgoing = direction == Direction::kOutgoing;
  const int16_t field = isOutgoing ? offsetof(DatagramCount, sent) : offsetof(DatagramCount, received);
  code.add(BPF_STX | BPF_XADD | BPF_DW, BPF_REG_0, kPayload, field, 0);
  if (isOutgoing) {
    for (int16_t part = 0; part < 16; part += 8) {
      code.add(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_1, BPF_REG_10, kHead + 8 + part, 0);
      code.add(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_1, offsetof(DatagramCount, head) + part, 0);
    }
    code.add(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_0, kVersion, offsetof(DatagramCount, version), 0);
  }
  for (const size_t jump : {isShort, isOther, isNobodys, isPushedOut}) code.land(jump);
  code.set(BPF_REG_0, 1);
  code.add(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);

  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_SKB;
  attributes.expected_attach_type = isOutgoing ? BPF_CGROUP_INET_EGRESS : BPF_CGROUP_INET_INGRESS;
  attributes.insns = reinterpret_cast<uint64_t>(code.instructions());
  attributes.insn_cnt = code.count();
  attributes.license = reinterpret_cast<uint64_t>("Apache-2.0");
  strncpy(attributes.prog_name, "bowline_count", sizeof attributes.prog_name - 1);
  return loadProgram(attributes);
}

// A link instead of an attachment: the kernel takes the program away with the last descriptor, also after a kill.
FileDescriptor attach(int group, Direction direction, int map) {
  const FileDescriptor program = loadCountProgram(direction, map);
  bpf_attr attributes{};
  attributes.link_create.prog_fd = static_cast<uint32_t>(program.get());
  attributes.link_create.target_fd = static_cast<uint32_t>(group);
  attributes.link_create.attach_type =
      direction == Direction::kOutgoing ? BPF_CGROUP_INET_EGRESS : BPF_CGROUP_INET_INGRESS;
  return required(bpf(BPF_LINK_CREATE, attributes), "bpf(BPF_LINK_CREATE)");
}

}  // namespace

DatagramCounter::DatagramCounter(const std::string& root) : counts_(makeMap()) {
  const FileDescriptor group = openGroup(root);
  outgoing_ = attach(group.get(), Direction::kOutgoing, counts_.get());
  incoming_ = attach(group.get(), Direction::kIncoming, counts_.get());
}

std::optional<DatagramCount> DatagramCounter::countOf(uint64_t cookie) const {
  DatagramCount count{};
  bpf_attr attributes{};
  attributes.map_fd = static_cast<uint32_t>(counts_.get());
  attributes.key = reinterpret_cast<uint64_t>(&cookie);
  attributes.value = reinterpret_cast<uint64_t>(&count);
  if (bpf(BPF_MAP_LOOKUP_ELEM, attributes) != 0) return std::nullopt;
  return count;
}

// Lists sockets as inetSockets() does, with what those of UDP have moved since it was opened.
class DatagramMeter final : public WrappedObject {
 public:
  static constexpr ObjectKind kKind = ObjectKind::kDatagramMeter;

  explicit DatagramMeter(Call& call) : WrappedObject(kKind), counter_(call.string(0, "root", 4095)) {}

  napi_value sockets(Call& call) {
    if (!counter_.has_value()) throwClosed("the datagram meter");
    return listSockets(call.env, &*counter_);
  }

  napi_value close(Call& call) {
    counter_.reset();
    return call.undefined();
  }

 private:
  std::optional<DatagramCounter> counter_;
};

void defineDatagramMeter(napi_env env, napi_value exports) {
  defineClass(env, exports, "DatagramMeter", boundary<callConstructor<DatagramMeter>>,
              {
                  method<DatagramMeter, &DatagramMeter::sockets>("sockets"),
                  method<DatagramMeter, &DatagramMeter::close>("close"),
              });
}

}  // namespace bowline
