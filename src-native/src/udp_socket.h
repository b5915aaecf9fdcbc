#pragma once

#include <netinet/in.h>

#include <array>
#include <optional>

#include "file_descriptor.h"
#include "poll.h"
#include "wrapped_object.h"

namespace bowline {

// An unconnected UDP socket, usually tied to one interface, that moves datagrams in batches:
// recvmmsg with UDP_GRO inwards, sendmmsg with UDP_SEGMENT outwards.
class UdpSocket final : public WrappedObject {
 public:
  static constexpr ObjectKind kKind = ObjectKind::kUdpSocket;

  explicit UdpSocket(Call& call);

  napi_value localPort(Call& call) { return makeInt32(call.env, localPort_); }
  napi_value receive(Call& call);
  napi_value send(Call& call);
  napi_value takeErrors(Call& call);
  napi_value startPolling(Call& call);
  napi_value stopPolling(Call& call);
  napi_value onceWritable(Call& call);
  napi_value close(Call& call);

 private:
  struct SendDescriptor {
    int32_t offset;
    int32_t length;
    int32_t addressId;
    int32_t reserved;
  };
  struct ReceivedError {
    Address destination;
    int number = 0;
    uint32_t mtuBytes = 0;

    bool operator==(const ReceivedError& other) const {
      return number == other.number && mtuBytes == other.mtuBytes && destination == other.destination;
    }
  };
  static constexpr size_t kMaxErrors = 64;

  void requireOpen() const;

  // udp_socket.cc
  void setOptions(const Options& options);
  void bindTo(const Options& options);
  void setBuffer(int forced, int plain, int bytes);
  void enable(int level, int option, int value, const char* what);
  void openPoll(napi_env env);
  void onReady(int status, int events);
  void watch();

  // udp_receive.cc
  Address addressOf(const sockaddr_in6& name, const msghdr& header) const;
  void drainErrorQueue();
  void keepError(const ReceivedError& error);

  // udp_send.cc
  int32_t groupLength(const SendDescriptor* descriptors, int32_t remaining) const;
  size_t buildMessage(Call& call, const SendDescriptor* descriptors, int32_t count, size_t message, size_t vector);
  bool setDestination(msghdr& header, sockaddr_in6& name, uint8_t* control, const Address* address) const;
  int sendOne(Call& call, const SendDescriptor* descriptors, int32_t count);

  FileDescriptor fd_;
  std::optional<Poll> poll_;
  Callback readable_;
  Callback writable_;
  const int family_;
  uint32_t boundInterface_ = 0;  // 0: every interface
  bool isBoundToAddress_ = false;
  bool isGsoRefused_ = false;
  int localPort_ = 0;
  std::array<ReceivedError, kMaxErrors> errors_{};
  size_t firstError_ = 0;
  size_t errorCount_ = 0;
};

}  // namespace bowline
