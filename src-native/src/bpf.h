#pragma once

#include <linux/bpf.h>

#include <string>

#include "file_descriptor.h"

namespace bowline {

// The system call, bpf(2): -1 and errno, as ever.
long bpf(bpf_cmd command, bpf_attr& attributes);

// Loads a program. Throws SystemError.
FileDescriptor loadProgram(bpf_attr& attributes);

constexpr bpf_insn instruction(uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t value) {
  return bpf_insn{code, to, from, offset, value};
}

// A folder of the control group hierarchy, for attaching programs to it.
FileDescriptor openGroup(const std::string& path);

}  // namespace bowline
