#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <vector>

#include "file_descriptor.h"
#include "functions.h"

namespace bowline {

namespace {

/** `struct sched_attr` as of Linux 3.14, SCHED_ATTR_SIZE_VER0; Debian 12's C library does not declare it. */
struct SchedulingAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime;
  uint64_t deadline;
  uint64_t period;
};

int controlSocket(Instance& instance) {
  if (!instance.controlSocket.isOpen()) {
    instance.controlSocket = FileDescriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!instance.controlSocket.isOpen()) throwSystem("socket");
  }
  return instance.controlSocket.get();
}

std::vector<gid_t> peerGroups(int fd) {
  // Most users are in a few groups; the kernel tells how many there are where they are more.
  std::vector<gid_t> groups(32);
  for (;;) {
    socklen_t length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const bool isRead = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) == 0;
    if (!isRead && errno != ERANGE) throwSystem("getsockopt(SO_PEERGROUPS)");
    groups.resize(length / sizeof(gid_t));
    if (isRead) return groups;
  }
}

struct ManagerAddress {
  sockaddr_un name{};
  socklen_t length = 0;
};

ManagerAddress managerAddress(Call& call) {
  ManagerAddress address;
  sockaddr_un& name = address.name;
  name.sun_family = AF_UNIX;
  const std::string path = call.string(0, "path", sizeof name.sun_path - 1);
  if (path.size() < 2 || (path[0] != '/' && path[0] != '@')) {
    throwRange("ERR_OUT_OF_RANGE", "path must begin with '/' or '@'");
  }
  memcpy(name.sun_path, path.data(), path.size());
  // The abstract name space is written with '@' and meant as NUL.
  if (path[0] == '@') name.sun_path[0] = '\0';
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  return address;
}

constexpr int kNoDescriptor = -1;

void notify(ManagerAddress address, std::string message, int descriptor) {
  const FileDescriptor notifier(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!notifier.isOpen()) throwSystem("socket");
  iovec text{message.data(), message.size()};
  msghdr head{};
  head.msg_name = &address.name;
  head.msg_namelen = address.length;
  head.msg_iov = &text;
  head.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)]{};
  if (descriptor != kNoDescriptor) {
    head.msg_control = control;
    head.msg_controllen = sizeof control;
    cmsghdr* rights = CMSG_FIRSTHDR(&head);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  }
  if (sendmsg(notifier.get(), &head, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) throwSystem("sendmsg");
}

}  // namespace

napi_value nowMicros(Call& call) {
  timespec now;
  if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) throwSystem("clock_gettime");
  return makeNumber(call.env, static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec / 1000));
}

napi_value carrierUp(Call& call) {
  const std::string name = call.string(0, "interfaceName", 255);
  if (name.empty() || name.size() >= IFNAMSIZ) return makeNull(call.env);
  ifreq request{};
  memcpy(request.ifr_name, name.data(), name.size());
  const int fd = controlSocket(*call.instance);
  if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
    if (errno == ENODEV || errno == ENXIO) return makeNull(call.env);
    throwSystem("ioctl(SIOCGIFFLAGS)");
  }
  if ((request.ifr_flags & IFF_UP) == 0) return makeBoolean(call.env, false);
  const bool isRunning = (request.ifr_flags & IFF_RUNNING) != 0;

  ethtool_value link{};
  link.cmd = ETHTOOL_GLINK;
  request.ifr_data = reinterpret_cast<char*>(&link);
  if (ioctl(fd, SIOCETHTOOL, &request) != 0) {
    if (errno == ENODEV || errno == ENXIO) return makeNull(call.env);
    // A driver without this operation: the operational state is the next best, if up to 1 s late.
    if (errno == EOPNOTSUPP) return makeBoolean(call.env, isRunning);
    throwSystem("ioctl(SIOCETHTOOL)");
  }
  return makeBoolean(call.env, link.data != 0);
}

napi_value peerCredentials(Call& call) {
  const int fd = call.int32(0, "fd");
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    throwSystem("getsockopt(SO_PEERCRED)");
  }
  const std::vector<gid_t> groups = peerGroups(fd);
  napi_value list = nullptr;
  check(call.env, napi_create_array_with_length(call.env, groups.size(), &list));
  for (uint32_t index = 0; index < groups.size(); index++) {
    check(call.env, napi_set_element(call.env, list, index, makeNumber(call.env, groups[index])));
  }
  return ObjectBuilder(call.env)
      .number("pid", credentials.pid)
      .number("uid", credentials.uid)
      .number("gid", credentials.gid)
      .set("groups", list)
      .value();
}

napi_value sdNotify(Call& call) {
  const std::string message = call.string(1, "message", 4096);
  notify(managerAddress(call), message, call.has(2) ? call.int32(2, "descriptor") : kNoDescriptor);
  return call.undefined();
}

napi_value sdBarrier(Call& call) {
  const ManagerAddress address = managerAddress(call);
  const int32_t timeoutMillis = call.int32(1, "timeoutMillis");
  if (timeoutMillis < 0) throwRange("ERR_OUT_OF_RANGE", "timeoutMillis must not be negative");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throwSystem("pipe2");
  const FileDescriptor reader(ends[0]);
  {
    const FileDescriptor writer(ends[1]);
    notify(address, "BARRIER=1", writer.get());
  }
  // Nothing is ever written: it ends when the manager, who has the only other end, closes it.
  pollfd ended{reader.get(), 0, 0};
  int ready = 0;
  do {
    ready = poll(&ended, 1, timeoutMillis);
  } while (ready < 0 && errno == EINTR);
  if (ready < 0) throwSystem("poll");
  return makeBoolean(call.env, ready > 0);
}

napi_value useTimeSlice(Call& call) {
  const int32_t micros = call.int32(0, "micros");
  // The kernel takes others, too, and makes these of them.
  if (micros < 100 || micros > 100000) throwRange("ERR_OUT_OF_RANGE", "micros must be 100 to 100,000");
  SchedulingAttributes attributes{};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) throwSystem("sched_getattr");
  attributes.size = sizeof attributes;
  attributes.runtime = static_cast<uint64_t>(micros) * 1000;
  if (syscall(SYS_sched_setattr, 0, &attributes, 0) != 0) throwSystem("sched_setattr");
  return call.undefined();
}

}  // namespace bowline
