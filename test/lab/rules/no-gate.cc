// Refuses what the kernel refuses to a service without CAP_SYS_ADMIN that was handed nothing: holding starts of programs.
#include <cerrno>

extern "C" int fanotify_init(unsigned, unsigned) {
  errno = EPERM;
  return -1;
}
