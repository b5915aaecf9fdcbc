#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cstddef>
#include <cstdio>
#include <optional>

#include "file_descriptor.h"
#include "poll.h"
#include "wrapped_object.h"

namespace bowline {

namespace {

// One read() takes at most this many events, so that a storm of processes cannot hold up the event loop.
constexpr int kMaxEventsPerRead = 256;
// Room for some ten thousand events while JavaScript is busy.
constexpr int kReceiveBufferBytes = 8 * 1024 * 1024;

// PROC_EVENT_EXEC, which kernel headers of different ages declare at different places.
constexpr uint32_t kStart = 0x00000002;

// Where the kind of event stands in a message: behind the netlink and the connector header.
constexpr uint32_t kKindOffset = NLMSG_HDRLEN + offsetof(cn_msg, data) + offsetof(proc_event, what);

// Lets the kernel drop everything but starts of programs: forks and ends are many more.
void filterStarts(int fd) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kKindOffset),
      // The filter reads in network order, the kernel writes in its own.
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __builtin_bswap32(kStart), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  const sock_fprog program{sizeof code / sizeof code[0], code};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    throwSystem("setsockopt(SO_ATTACH_FILTER)");
  }
}

FileDescriptor openConnector() {
  FileDescriptor fd(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR));
  if (!fd.isOpen()) throwSystem("socket");
  const int size = kReceiveBufferBytes;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  filterStarts(fd.get());
  sockaddr_nl name{};
  name.nl_family = AF_NETLINK;
  name.nl_groups = CN_IDX_PROC;
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) throwSystem("bind");
  return fd;
}

// 0, or the error number.
int listen(int fd) {
  alignas(nlmsghdr) char request[NLMSG_SPACE(sizeof(cn_msg) + sizeof(proc_cn_mcast_op))] = {};
  auto* header = reinterpret_cast<nlmsghdr*>(request);
  header->nlmsg_len = NLMSG_LENGTH(sizeof(cn_msg) + sizeof(proc_cn_mcast_op));
  header->nlmsg_type = NLMSG_DONE;
  auto* message = static_cast<cn_msg*>(NLMSG_DATA(header));
  message->id.idx = CN_IDX_PROC;
  message->id.val = CN_VAL_PROC;
  message->len = sizeof(proc_cn_mcast_op);
  const proc_cn_mcast_op operation = PROC_CN_MCAST_LISTEN;
  memcpy(message->data, &operation, sizeof operation);
  return send(fd, request, header->nlmsg_len, 0) < 0 ? errno : 0;
}

// The kernel tells of processes in the first network namespace only: for a daemon in another one the
// socket is opened there, and keeps belonging there. The kernel's own threads, whose parent has number
// 2, are in that namespace whatever the first process has done.
FileDescriptor openInFirstNamespace() {
  const FileDescriptor own(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!own.isOpen()) throwSystem("open");
  const FileDescriptor first(::open("/proc/2/ns/net", O_RDONLY | O_CLOEXEC));
  if (!first.isOpen()) throwSystem("open");
  if (setns(first.get(), CLONE_NEWNET) != 0) throwSystem("setns");
  std::optional<FileDescriptor> fd;
  std::optional<SystemError> failure;
  try {
    fd.emplace(openConnector());
    const int error = listen(fd->get());
    if (error != 0) failure = SystemError{error, "send"};
  } catch (const SystemError& error) {
    failure = error;
  }
  // Everything else of this process lives in its own namespace: without the way back it must not go on.
  if (setns(own.get(), CLONE_NEWNET) != 0) abort();
  if (failure.has_value()) throw *failure;
  return std::move(*fd);
}

FileDescriptor openListening() {
  FileDescriptor fd = openConnector();
  const int error = listen(fd.get());
  if (error == 0) return fd;
  if (error != ECONNREFUSED) throwSystem("send", error);
  return openInFirstNamespace();
}

}  // namespace

// Hears of every program that starts on this machine.
class ProcessStarts final : public WrappedObject {
 public:
  static constexpr ObjectKind kKind = ObjectKind::kProcessStarts;

  explicit ProcessStarts(Call&) : WrappedObject(kKind), fd_(openListening()) {}

  napi_value startPolling(Call& call) {
    requireOpen();
    const napi_value function = call.function(0, "callback");
    if (!poll_.has_value()) {
      poll_.emplace(call.env, fd_.get(), this, [](void* owner, int status, int) {
        ProcessStarts* starts = static_cast<ProcessStarts*>(owner);
        if (!starts->readable_.isSet()) return;
        // libuv stops at an error condition, which here is a full buffer: read() reports it.
        if (status < 0) starts->poll_->watch(UV_READABLE);
        starts->readable_.call();
      });
    }
    readable_.set(call.env, function);
    poll_->watch(UV_READABLE);
    hold(true);
    return call.undefined();
  }

  napi_value stopPolling(Call& call) {
    if (poll_.has_value()) poll_->watch(0);
    readable_.clear();
    hold(false);
    return call.undefined();
  }

  // Process ids; -1 stands for those that the kernel had to drop.
  napi_value read(Call& call) {
    requireOpen();
    napi_value list = nullptr;
    check(call.env, napi_create_array(call.env, &list));
    uint32_t count = 0;
    const auto add = [&](int32_t pid) {
      check(call.env, napi_set_element(call.env, list, count++, makeInt32(call.env, pid)));
    };
    alignas(nlmsghdr) char buffer[1024];
    for (int i = 0; i < kMaxEventsPerRead; i++) {
      sockaddr_nl sender{};
      socklen_t senderLength = sizeof sender;
      const ssize_t length =
          recvfrom(fd_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&sender), &senderLength);
      if (length < 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN) break;
        if (errno != ENOBUFS) throwSystem("recvfrom");
        add(-1);
        continue;
      }
      // Another process can address this socket too; only the kernel has port 0.
      if (sender.nl_pid != 0) continue;
      const auto* header = reinterpret_cast<const nlmsghdr*>(buffer);
      if (!NLMSG_OK(header, static_cast<size_t>(length))) continue;
      if (header->nlmsg_len < NLMSG_LENGTH(sizeof(cn_msg) + offsetof(proc_event, event_data) + 8)) continue;
      const auto* message = static_cast<const cn_msg*>(NLMSG_DATA(header));
      proc_event event{};
      const size_t available = header->nlmsg_len - NLMSG_LENGTH(sizeof(cn_msg));
      memcpy(&event, message->data, available < sizeof event ? available : sizeof event);
      if (static_cast<uint32_t>(event.what) == kStart) add(event.event_data.exec.process_tgid);
    }
    return list;
  }

  napi_value close(Call& call) {
    poll_.reset();
    fd_.close();
    readable_.clear();
    hold(false);
    return call.undefined();
  }

 private:
  void requireOpen() const {
    if (!fd_.isOpen()) throwClosed("the process listener");
  }

  FileDescriptor fd_;
  std::optional<Poll> poll_;
  Callback readable_;
};

napi_value executableOf(Call& call) {
  char link[32];
  snprintf(link, sizeof link, "/proc/%d/exe", call.int32(0, "pid"));
  char path[4096];
  const ssize_t length = readlink(link, path, sizeof path);
  // It has ended, is of the kernel, or this process may not look.
  if (length <= 0) return makeNull(call.env);
  return makeString(call.env, std::string(path, static_cast<size_t>(length)));
}

void defineProcessStarts(napi_env env, napi_value exports) {
  defineClass(env, exports, "ProcessStarts", boundary<callConstructor<ProcessStarts>>,
              {
                  method<ProcessStarts, &ProcessStarts::startPolling>("startPolling"),
                  method<ProcessStarts, &ProcessStarts::stopPolling>("stopPolling"),
                  method<ProcessStarts, &ProcessStarts::read>("read"),
                  method<ProcessStarts, &ProcessStarts::close>("close"),
              });
}

}  // namespace bowline
