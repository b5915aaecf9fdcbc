#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "readable_object.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

namespace bowline {

namespace {

constexpr int kVirtioHeaderBytes = 10;
// The largest IP packet behind its virtio header. A smaller slot would cut packets silently.
constexpr int32_t kMinStride = kVirtioHeaderBytes + 65535;

// Offload sets from the best down; each kernel takes the first one it knows.
constexpr unsigned kOffloadChoices[] = {
    TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_USO4 | TUN_F_USO6,
    TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6,
    TUN_F_CSUM,
};

struct FrameDescriptor {
  int32_t offset;
  int32_t length;
};

}  // namespace

// A TUN device that hands over whole super-packets, each behind a 10-byte virtio header.
class Tun final : public ReadableObject {
 public:
  static constexpr ObjectKind kKind = ObjectKind::kTun;

  // An error condition means that the device is gone: the next read() tells why, and there is no turning in
  // circles meanwhile.
  explicit Tun(Call& call) : ReadableObject(kKind, "the TUN device", endAtError) {
    const Options options(call.env, call.object(0, "options"));
    const std::string name = options.string("name", IFNAMSIZ - 1);
    const int32_t queueLength = options.int32("queueLength", -1, 0, 1000000);
    const bool hasPersist = options.has("persist");
    const bool persist = options.boolean("persist", false);

    fd_ = FileDescriptor(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd_.isOpen()) throwSystem("open(/dev/net/tun)");
    ifreq request{};
    memcpy(request.ifr_name, name.data(), name.size());
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    if (ioctl(fd_.get(), TUNSETIFF, &request) != 0) throwSystem("ioctl(TUNSETIFF)");
    name_ = std::string(request.ifr_name, strnlen(request.ifr_name, IFNAMSIZ));
    int headerBytes = kVirtioHeaderBytes;
    if (ioctl(fd_.get(), TUNSETVNETHDRSZ, &headerBytes) != 0) throwSystem("ioctl(TUNSETVNETHDRSZ)");
    chooseOffloads();

    const FileDescriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!control.isOpen()) throwSystem("socket");
    if (queueLength >= 0) {
      request.ifr_qlen = queueLength;
      if (ioctl(control.get(), SIOCSIFTXQLEN, &request) != 0) throwSystem("ioctl(SIOCSIFTXQLEN)");
    }
    if (ioctl(control.get(), SIOCGIFINDEX, &request) != 0) throwSystem("ioctl(SIOCGIFINDEX)");
    interfaceIndex_ = request.ifr_ifindex;
    if (hasPersist && ioctl(fd_.get(), TUNSETPERSIST, persist ? 1 : 0) != 0) throwSystem("ioctl(TUNSETPERSIST)");
  }

  napi_value name(Call& call) { return makeString(call.env, name_); }
  napi_value offloads(Call& call) { return makeNumber(call.env, offloads_); }
  napi_value interfaceIndex(Call& call) { return makeInt32(call.env, interfaceIndex_); }
  napi_value refusedWrites(Call& call) { return makeNumber(call.env, static_cast<double>(refusedWrites_)); }
  napi_value lastWriteErrno(Call& call) { return makeInt32(call.env, lastWriteErrno_); }

  napi_value read(Call& call) {
    requireOpen();
    const Arena& arena = call.arena();
    const int32_t base = call.int32(0, "base");
    const int32_t stride = call.int32(1, "stride");
    const int32_t max = call.int32(2, "max");
    if (stride < kMinStride) throwRange("ERR_OUT_OF_RANGE", "stride must be at least " + std::to_string(kMinStride));
    int32_t* lengths = arena.words(call.int32(3, "lengths"), max, "packet lengths");
    uint8_t* slot = arena.bytes(base, static_cast<int64_t>(stride) * max, "packet slots");

    int32_t packets = 0;
    while (packets < max) {
      const ssize_t length = ::read(fd_.get(), slot, static_cast<size_t>(stride));
      if (length < 0) {
        if (errno == EINTR) continue;
        // What was read already is handed over first; a lasting error shows at the next call.
        if (errno == EAGAIN || packets > 0) break;
        throwSystem("read");
      }
      lengths[packets++] = static_cast<int32_t>(length);
      slot += stride;
    }
    return makeInt32(call.env, packets);
  }

  napi_value write(Call& call) {
    requireOpen();
    const Arena& arena = call.arena();
    const int32_t count = call.int32(1, "count");
    const auto* frames =
        reinterpret_cast<FrameDescriptor*>(arena.words(call.int32(0, "desc"), int64_t{count} * 2, "write descriptors"));
    for (int32_t i = 0; i < count; i++) arena.bytes(frames[i].offset, frames[i].length, "packet");

    int32_t written = 0;
    for (int32_t i = 0; i < count; i++) {
      ssize_t result;
      do {
        result = ::write(fd_.get(), arena.base() + frames[i].offset, static_cast<size_t>(frames[i].length));
      } while (result < 0 && errno == EINTR);
      if (result >= 0) {
        written++;
      } else {
        refusedWrites_++;
        lastWriteErrno_ = errno;
      }
    }
    return makeInt32(call.env, written);
  }

 private:
  void chooseOffloads() {
    for (const unsigned choice : kOffloadChoices) {
      if (ioctl(fd_.get(), TUNSETOFFLOAD, choice) == 0) {
        offloads_ = choice;
        return;
      }
      if (errno != EINVAL) throwSystem("ioctl(TUNSETOFFLOAD)");
    }
  }

  std::string name_;
  int interfaceIndex_ = 0;
  unsigned offloads_ = 0;
  uint64_t refusedWrites_ = 0;
  int lastWriteErrno_ = 0;
};

void defineTun(napi_env env, napi_value exports) {
  defineClass(env, exports, "Tun", boundary<callConstructor<Tun>>,
              {
                  getter<Tun, &Tun::name>("name"),
                  getter<Tun, &Tun::offloads>("offloads"),
                  getter<Tun, &Tun::interfaceIndex>("ifindex"),
                  getter<Tun, &Tun::refusedWrites>("refusedWrites"),
                  getter<Tun, &Tun::lastWriteErrno>("lastWriteErrno"),
                  method<Tun, &Tun::read>("read"),
                  method<Tun, &Tun::write>("write"),
                  method<Tun, &Tun::startPolling>("startPolling"),
                  method<Tun, &Tun::stopPolling>("stopPolling"),
                  method<Tun, &Tun::close>("close"),
              });
}

}  // namespace bowline
