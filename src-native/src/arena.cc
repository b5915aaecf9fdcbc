#include "arena.h"

#include <sys/mman.h>

namespace bowline {

void Arena::create(size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throwSystem("mmap");
  // Huge pages would make every touched slot cost 2 MiB of resident memory; a core dump would hold
  // plaintext. Both calls are hints: a kernel without them changes nothing else.
  madvise(memory, size, MADV_NOHUGEPAGE);
  madvise(memory, size, MADV_DONTDUMP);
  base_ = static_cast<uint8_t*>(memory);
  size_ = static_cast<int64_t>(size);
}

}  // namespace bowline
