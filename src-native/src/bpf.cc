#include "bpf.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "errors.h"

namespace bowline {

namespace {

// Each time another signal would have to come in between.
constexpr int kMostAttempts = 10;

}  // namespace

long bpf(bpf_cmd command, bpf_attr& attributes) {
  return syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

FileDescriptor loadProgram(bpf_attr& attributes) {
  // The kernel gives up checking a program when a signal comes, such as that of a child that has ended.
  long fd = -1;
  for (int attempt = 0; attempt < kMostAttempts; attempt++) {
    fd = bpf(BPF_PROG_LOAD, attributes);
    if (fd >= 0 || errno != EAGAIN) break;
  }
  if (fd < 0) throwSystem("bpf(BPF_PROG_LOAD)");
  return FileDescriptor(static_cast<int>(fd));
}

FileDescriptor openGroup(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.isOpen()) throwSystem("open");
  return fd;
}

}  // namespace bowline
