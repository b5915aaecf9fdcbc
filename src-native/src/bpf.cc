#include "bpf.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "errors.h"

namespace bowline {

long bpf(bpf_cmd command, bpf_attr& attributes) {
  return syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

FileDescriptor openGroup(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.isOpen()) throwSystem("open");
  return fd;
}

}  // namespace bowline
