#include "arena.h"

#include <sys/mman.h>
#include <unistd.h>

namespace bowline {

void Arena::create(size_t size) {
  // Pages without access on both sides: should a check ever be wrong, the process ends there instead
  // of corrupting what happens to lie beside.
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t usable = (size + page - 1) / page * page;
  void* reserved = mmap(nullptr, usable + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) throwSystem("mmap");
  uint8_t* memory = static_cast<uint8_t*>(reserved) + page;
  if (mprotect(memory, usable, PROT_READ | PROT_WRITE) != 0) throwSystem("mprotect");
  // Huge pages would make every touched slot cost 2 MiB of resident memory; a core dump would hold
  // plaintext. Both calls are hints: a kernel without them changes nothing else.
  madvise(memory, usable, MADV_NOHUGEPAGE);
  madvise(memory, usable, MADV_DONTDUMP);
  base_ = memory;
  size_ = static_cast<int64_t>(size);
}

}  // namespace bowline
