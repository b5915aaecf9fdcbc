#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "readable_object.h"

namespace bowline {

namespace {

// One look takes at most this many batches, so that a storm of processes cannot hold up the event loop.
constexpr int kMaxBatches = 8;
constexpr int kBatchEvents = 32;
// An event takes some 80.
constexpr size_t kEventBytes = 256;
// Room for some ten thousand events while nobody looks.
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

using ExecutablePath = std::array<char, 4096>;

// The path of a process's executable, also of one that was replaced on the disk since. Empty if the process has
// ended, is of the kernel, or this process may not look.
std::string_view readExecutable(int32_t pid, ExecutablePath& buffer) {
  char link[32];
  snprintf(link, sizeof link, "/proc/%d/exe", pid);
  const ssize_t length = readlink(link, buffer.data(), buffer.size());
  if (length <= 0) return {};
  const std::string_view path(buffer.data(), static_cast<size_t>(length));
  constexpr std::string_view kDeleted = " (deleted)";
  const bool isDeleted = path.size() > kDeleted.size() && path.substr(path.size() - kDeleted.size()) == kDeleted;
  return isDeleted ? path.substr(0, path.size() - kDeleted.size()) : path;
}

}  // namespace

// Hears of programs that start on this machine, and tells JavaScript only of those that it asked about: most of
// what starts is nobody's concern, and a look at it costs less here.
class ProcessStarts final : public ReadableObject {
 public:
  static constexpr ObjectKind kKind = ObjectKind::kProcessStarts;

  explicit ProcessStarts(Call&)
      : ReadableObject(kKind, "the process listener",
                       [](void* object, int, int) {
                         static_cast<ProcessStarts*>(static_cast<ReadableObject*>(object))->onEvents();
                       }),
        rest_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
    if (!rest_.isOpen()) throwSystem("timerfd_create");
    fd_ = openListening();
  }

  napi_value follow(Call& call) {
    requireOpen();
    std::unordered_set<std::string> executables;
    uint32_t count = 0;
    if (napi_get_array_length(call.env, call.arguments[0], &count) != napi_ok) {
      throwType("executables must be an array");
    }
    for (uint32_t i = 0; i < count; i++) {
      napi_value path = nullptr;
      check(call.env, napi_get_element(call.env, call.arguments[0], i, &path));
      executables.insert(toString(call.env, path, "executables", 4095));
    }
    const int32_t restMillis = call.int32(1, "restMillis");
    if (restMillis < 1 || restMillis > 1000) throwRange("ERR_OUT_OF_RANGE", "restMillis must be 1 to 1,000");
    executables_ = std::move(executables);
    restNanos_ = restMillis * 1'000'000L;
    return call.undefined();
  }

  napi_value startPolling(Call& call) {
    requireOpen();
    if (!restPoll_.has_value()) {
      restPoll_.emplace(call.env, rest_.get(), this, [](void* owner, int, int) {
        static_cast<ProcessStarts*>(owner)->onRestOver();
      });
    }
    return ReadableObject::startPolling(call);
  }

  napi_value stopPolling(Call& call) {
    if (restPoll_.has_value()) restPoll_->watch(0);
    return ReadableObject::stopPolling(call);
  }

  // Process ids; -1 stands for those that the kernel had to drop.
  napi_value read(Call& call) {
    requireOpen();
    napi_value list = nullptr;
    check(call.env, napi_create_array_with_length(call.env, found_.size(), &list));
    for (uint32_t i = 0; i < found_.size(); i++) {
      check(call.env, napi_set_element(call.env, list, i, makeInt32(call.env, found_[i])));
    }
    found_.clear();
    return list;
  }

  napi_value close(Call& call) {
    restPoll_.reset();
    rest_.close();
    return ReadableObject::close(call);
  }

 private:
  // The first start after a quiet moment is looked at once; in a storm, several at a time.
  void onEvents() {
    if (!isPolled()) return;
    collect();
    const itimerspec once{{0, 0}, {restNanos_ / 1'000'000'000, restNanos_ % 1'000'000'000}};
    timerfd_settime(rest_.get(), 0, &once, nullptr);
    wait(false);
    restPoll_->watch(UV_READABLE);
    if (!found_.empty()) tell();
  }

  void onRestOver() {
    uint64_t expirations = 0;
    if (!isPolled() || ::read(rest_.get(), &expirations, sizeof expirations) < 0) return;
    restPoll_->watch(0);
    // libuv has stopped polling at an error condition, which is a full buffer: collect() has reported it.
    wait(true);
  }

  void collect() {
    std::array<std::array<char, kEventBytes>, kBatchEvents> buffers;
    std::array<sockaddr_nl, kBatchEvents> senders{};
    std::array<iovec, kBatchEvents> vectors{};
    std::array<mmsghdr, kBatchEvents> messages{};
    for (int batch = 0; batch < kMaxBatches; batch++) {
      for (int i = 0; i < kBatchEvents; i++) {
        vectors[i] = {buffers[i].data(), kEventBytes};
        messages[i].msg_hdr = {};
        messages[i].msg_hdr.msg_name = &senders[i];
        messages[i].msg_hdr.msg_namelen = sizeof senders[i];
        messages[i].msg_hdr.msg_iov = &vectors[i];
        messages[i].msg_hdr.msg_iovlen = 1;
      }
      const int count = recvmmsg(fd_.get(), messages.data(), kBatchEvents, MSG_DONTWAIT, nullptr);
      if (count < 0) {
        if (errno == EINTR) continue;
        // ENOBUFS: the kernel had to drop some. Whatever else it is, looking at all processes makes up for it.
        if (errno != EAGAIN) found_.push_back(-1);
        if (errno == ENOBUFS) continue;
        return;
      }
      for (int i = 0; i < count; i++) {
        // Another process can address this socket too; only the kernel has port 0.
        if (senders[i].nl_pid == 0) onMessage(buffers[i].data(), messages[i].msg_len);
      }
      if (count < kBatchEvents) return;
    }
  }

  void onMessage(const char* bytes, size_t length) {
    nlmsghdr header{};
    if (length < sizeof header) return;
    memcpy(&header, bytes, sizeof header);
    constexpr size_t kLeastBytes = NLMSG_LENGTH(sizeof(cn_msg) + offsetof(proc_event, event_data) + 8);
    if (header.nlmsg_len > length || header.nlmsg_len < kLeastBytes) return;
    constexpr size_t kEventOffset = NLMSG_HDRLEN + sizeof(cn_msg);
    proc_event event{};
    const size_t available = header.nlmsg_len - kEventOffset;
    memcpy(&event, bytes + kEventOffset, available < sizeof event ? available : sizeof event);
    if (static_cast<uint32_t>(event.what) != kStart) return;
    const int32_t pid = event.event_data.exec.process_tgid;
    if (isFollowed(pid)) found_.push_back(pid);
  }

  bool isFollowed(int32_t pid) {
    const std::string_view path = readExecutable(pid, path_);
    if (path.empty()) return false;
    key_.assign(path);
    return executables_.count(key_) > 0;
  }

  // Runs out when a rest is over.
  FileDescriptor rest_;
  std::optional<Poll> restPoll_;
  std::unordered_set<std::string> executables_;
  long restNanos_ = 5'000'000;
  std::vector<int32_t> found_;
  ExecutablePath path_;
  std::string key_;
};

napi_value executableOf(Call& call) {
  ExecutablePath buffer;
  const std::string_view path = readExecutable(call.int32(0, "pid"), buffer);
  if (path.empty()) return makeNull(call.env);
  return makeString(call.env, std::string(path));
}

void defineProcessStarts(napi_env env, napi_value exports) {
  defineClass(env, exports, "ProcessStarts", boundary<callConstructor<ProcessStarts>>,
              {
                  method<ProcessStarts, &ProcessStarts::follow>("follow"),
                  method<ProcessStarts, &ProcessStarts::startPolling>("startPolling"),
                  method<ProcessStarts, &ProcessStarts::stopPolling>("stopPolling"),
                  method<ProcessStarts, &ProcessStarts::read>("read"),
                  method<ProcessStarts, &ProcessStarts::close>("close"),
              });
}

}  // namespace bowline
