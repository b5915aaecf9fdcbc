#pragma once

#include <cstddef>
#include <cstdint>

#include "errors.h"

namespace bowline {

// The one block of memory that JavaScript and native code share. All offsets and indexes that
// JavaScript hands over are checked here, and nowhere is a pointer made in another way.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Maps `size` bytes. The mapping is never removed: JavaScript may have moved the ArrayBuffer
  // elsewhere, so nobody can know when the last view of it is gone.
  void create(size_t size);

  bool exists() const { return base_ != nullptr; }
  uint8_t* base() const { return base_; }

  // The bytes [offset, offset + length).
  uint8_t* bytes(int64_t offset, int64_t length, const char* what) const {
    if (offset < 0 || length < 0 || offset > size_ || length > size_ - offset) throwOutOfArena(what);
    return base_ + offset;
  }

  // `count` 32-bit words from word `index` on.
  int32_t* words(int64_t index, int64_t count, const char* what) const {
    if (index < 0 || count < 0 || index > size_ / 4 || count > size_ / 4 - index) throwOutOfArena(what);
    return reinterpret_cast<int32_t*>(base_) + index;
  }

  int64_t offsetOf(const uint8_t* pointer) const { return pointer - base_; }

 private:
  uint8_t* base_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace bowline
