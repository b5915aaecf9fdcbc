#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "readable_object.h"

namespace bowline {

namespace {

// Answers beyond this are sent in pieces on every common network, and pieces are not put together here.
constexpr uint32_t kSnapBytes = 4096;
// One read() takes at most this many packets, so that a flood cannot hold up the event loop.
constexpr int kMaxPacketsPerRead = 64;
// Room for some hundred packets while JavaScript is busy.
constexpr int kReceiveBufferBytes = 1024 * 1024;
constexpr uint32_t kDnsPort = 53;
constexpr uint32_t kFragmentOffsetMask = 0x1fff;

// Lets pass what leaves this machine for port 53 and what comes to it from there, by UDP. Each packet is seen once,
// also on the loopback interface. Bytes are counted from the IP header on.
void filterNames(int fd) {
  constexpr uint32_t kAncillary = static_cast<uint32_t>(SKF_AD_OFF);
  sock_filter code[] = {
      /*  0 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kAncillary + SKF_AD_PKTTYPE),
      /*  1 */ BPF_STMT(BPF_ST, 0),
      /*  2 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kAncillary + SKF_AD_PROTOCOL),
      /*  3 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 1, 0),
      /*  4 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 6, 17),
      // IPv4: UDP, and no later piece of a packet; X becomes the length of the header.
      /*  5 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
      /*  6 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 15),
      /*  7 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
      /*  8 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kFragmentOffsetMask, 13, 0),
      /*  9 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
      /* 10 */ BPF_STMT(BPF_JMP | BPF_JA, 3),
      // IPv6: UDP without headers in between.
      /* 11 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
      /* 12 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 9),
      /* 13 */ BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 40),
      /* 14 */ BPF_STMT(BPF_LD | BPF_W | BPF_MEM, 0),
      /* 15 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 2),
      /* 16 */ BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
      /* 17 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kDnsPort, 3, 4),
      /* 18 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_HOST, 0, 3),
      /* 19 */ BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
      /* 20 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kDnsPort, 0, 1),
      /* 21 */ BPF_STMT(BPF_RET | BPF_K, kSnapBytes),
      /* 22 */ BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog program{sizeof code / sizeof code[0], code};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    throwSystem("setsockopt(SO_ATTACH_FILTER)");
  }
}

FileDescriptor openTap(int interfaceIndex) {
  if (interfaceIndex < 1) throwRange("ERR_OUT_OF_RANGE", "ifindex must be at least 1");
  // Protocol 0: nothing comes in before the filter is there.
  FileDescriptor fd(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.isOpen()) throwSystem("socket");
  filterNames(fd.get());
  const int size = kReceiveBufferBytes;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = interfaceIndex;
  // Only whoever listens to all protocols is shown what leaves.
  address.sll_protocol = htons(ETH_P_ALL);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throwSystem("bind");
  return fd;
}

}  // namespace

// Sees the questions for names that leave this machine by one interface, and the answers that come by it.
class NameTap final : public ReadableObject {
 public:
  static constexpr ObjectKind kKind = ObjectKind::kNameTap;

  // read() takes an error condition away, such as that of an interface that went down.
  explicit NameTap(Call& call) : ReadableObject(kKind, "the name tap", goOnAtError) {
    fd_ = openTap(call.int32(0, "ifindex"));
  }

  // IP packets, cut off behind kSnapBytes.
  napi_value read(Call& call) {
    requireOpen();
    napi_value list = nullptr;
    check(call.env, napi_create_array(call.env, &list));
    uint32_t count = 0;
    uint8_t packet[kSnapBytes];
    for (int i = 0; i < kMaxPacketsPerRead; i++) {
      const ssize_t length = recv(fd_.get(), packet, sizeof packet, 0);
      if (length < 0) {
        // ENETDOWN is told once when any interface goes down; the others are listened to all the same.
        if (errno == EINTR || errno == ENETDOWN) continue;
        if (errno == EAGAIN) break;
        throwSystem("recv");
      }
      napi_value copy = nullptr;
      check(call.env, napi_create_buffer_copy(call.env, static_cast<size_t>(length), packet, nullptr, &copy));
      check(call.env, napi_set_element(call.env, list, count++, copy));
    }
    return list;
  }
};

void defineNameTap(napi_env env, napi_value exports) {
  defineClass(env, exports, "NameTap", boundary<callConstructor<NameTap>>,
              {
                  method<NameTap, &NameTap::startPolling>("startPolling"),
                  method<NameTap, &NameTap::stopPolling>("stopPolling"),
                  method<NameTap, &NameTap::read>("read"),
                  method<NameTap, &NameTap::close>("close"),
              });
}

}  // namespace bowline
