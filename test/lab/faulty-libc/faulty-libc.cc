// Preloaded into a daemon, plays a disk and a clock that go wrong:
//
//   FAULTY_PLAN=FILE FAULTY_BELOW=DIR LD_PRELOAD=faulty-libc.so PROGRAM...
//
// FILE holds the Plan below and may be rewritten while the program runs. What is counted are the steps that change
// something below DIR: opening a file to write, writing, syncing a file or a folder, renaming, linking, unlinking.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

enum class Fault : std::int32_t { kNone = 0, kDies = 1, kIsFull = 2 };

struct Plan {
  // What happens at a step.
  std::atomic<Fault> fault;
  // Number of the step, from 1. A process dies before it, having done half of it if it is a write; a disk is full from
  // this one on, which counts only steps that need space.
  std::atomic<std::int32_t> at;
  // Steps so far; counted while there is a fault.
  std::atomic<std::int32_t> steps;
  // How far the clocks that never jump are ahead.
  std::atomic<std::int32_t> secondsAhead;
};

constexpr int kDescriptors = 1024;

Plan* plan = nullptr;
const char* below = nullptr;
std::size_t belowLength = 0;
std::atomic<bool> isWatched[kDescriptors];

template <typename Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

__attribute__((constructor)) void mapPlan() {
  const char* path = std::getenv("FAULTY_PLAN");
  const char* dir = std::getenv("FAULTY_BELOW");
  if (path == nullptr || dir == nullptr) return;
  const int file = real<int(const char*, int, ...)>("open")(path, O_RDWR | O_CLOEXEC);
  if (file < 0) std::abort();
  void* mapped = mmap(nullptr, sizeof(Plan), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) std::abort();
  real<int(int)>("close")(file);
  below = dir;
  belowLength = std::strlen(dir);
  plan = static_cast<Plan*>(mapped);
}

bool isBelow(const char* path) {
  return plan != nullptr && path != nullptr && std::strncmp(path, below, belowLength) == 0;
}

// Descriptors are also closed by bare system calls, so a number may belong to something else by now.
bool isWatchedFile(int file) {
  if (file < 0 || file >= kDescriptors || !isWatched[file]) return false;
  char link[32];
  char path[512];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length > 0) path[length] = '\0';
  isWatched[file] = length > 0 && isBelow(path);
  return isWatched[file];
}

enum class Verdict { kGoOn, kDie, kFull };

Verdict step(bool needsSpace) {
  const Fault fault = plan->fault;
  if (fault == Fault::kNone || (fault == Fault::kIsFull && !needsSpace)) return Verdict::kGoOn;
  const std::int32_t number = ++plan->steps;
  if (fault == Fault::kIsFull) return number >= plan->at ? Verdict::kFull : Verdict::kGoOn;
  return number == plan->at ? Verdict::kDie : Verdict::kGoOn;
}

[[noreturn]] void die() {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// True if the caller has to fail with ENOSPC.
bool failsAt(bool needsSpace) {
  const Verdict verdict = step(needsSpace);
  if (verdict == Verdict::kDie) die();
  if (verdict == Verdict::kFull) errno = ENOSPC;
  return verdict == Verdict::kFull;
}

int openWatched(const char* name, const char* path, int flags, mode_t mode) {
  const bool isOurs = isBelow(path);
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  if (isOurs && writes && failsAt((flags & O_CREAT) != 0)) return -1;
  const int file = real<int(const char*, int, ...)>(name)(path, flags, mode);
  // Folders are opened to be synced; reading a file is never a step.
  if (file >= 0 && file < kDescriptors) isWatched[file] = isOurs;
  return file;
}

template <typename Write>
ssize_t writeWatched(int file, std::size_t bytes, Write write) {
  if (!isWatchedFile(file)) return write(bytes);
  switch (step(true)) {
    case Verdict::kGoOn: return write(bytes);
    case Verdict::kFull: errno = ENOSPC; return -1;
    case Verdict::kDie: write(bytes / 2); die();
  }
  return -1;
}

int syncWatched(const char* name, int file) {
  if (isWatchedFile(file) && failsAt(false)) return -1;
  return real<int(int)>(name)(file);
}

mode_t modeOf(int flags, va_list& rest) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(rest, int)) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = modeOf(flags, rest);
  va_end(rest);
  return openWatched("open", path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = modeOf(flags, rest);
  va_end(rest);
  return openWatched("open64", path, flags, mode);
}

ssize_t write(int file, const void* from, size_t bytes) {
  static const auto next = real<ssize_t(int, const void*, size_t)>("write");
  return writeWatched(file, bytes, [&](size_t count) { return next(file, from, count); });
}

ssize_t pwrite(int file, const void* from, size_t bytes, off_t at) {
  static const auto next = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return writeWatched(file, bytes, [&](size_t count) { return next(file, from, count, at); });
}

ssize_t pwrite64(int file, const void* from, size_t bytes, off64_t at) {
  static const auto next = real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return writeWatched(file, bytes, [&](size_t count) { return next(file, from, count, at); });
}

int fsync(int file) { return syncWatched("fsync", file); }

int fdatasync(int file) { return syncWatched("fdatasync", file); }

int rename(const char* from, const char* to) noexcept {
  if (isBelow(to) && failsAt(false)) return -1;
  return real<int(const char*, const char*)>("rename")(from, to);
}

int link(const char* from, const char* to) noexcept {
  if (isBelow(to) && failsAt(true)) return -1;
  return real<int(const char*, const char*)>("link")(from, to);
}

int unlink(const char* path) noexcept {
  if (isBelow(path) && failsAt(false)) return -1;
  return real<int(const char*)>("unlink")(path);
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static const auto next = real<int(clockid_t, timespec*)>("clock_gettime");
  const int status = next(clock, time);
  const bool isMonotonic =
      clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME;
  if (status == 0 && isMonotonic && plan != nullptr) time->tv_sec += plan->secondsAhead;
  return status;
}

}  // extern "C"
