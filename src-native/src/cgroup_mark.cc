#include <string.h>
#include <sys/socket.h>

#include <cstddef>

#include "bpf.h"
#include "functions.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

namespace bowline {

namespace {

// Number of this process's network namespace; 0 where the kernel (before 5.14) does not tell.
uint64_t netnsCookie() {
  const FileDescriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  if (!fd.isOpen() || getsockopt(fd.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) != 0) return 0;
  return cookie;
}

// Loads the program that gives a socket its mark when it is made:
//   if (netns_cookie(socket) == ours) socket->mark = mark; return 1;
FileDescriptor loadMarkProgram(uint32_t mark) {
  const uint64_t cookie = netnsCookie();
  bpf_insn program[16];
  size_t count = 0;
  const auto add = [&](bpf_insn next) { program[count++] = next; };
  if (cookie != 0) {
    add(instruction(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0));
    add(instruction(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_netns_cookie));
    add(instruction(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, 0, 0, static_cast<int32_t>(cookie)));
    add(instruction(0, 0, 0, 0, static_cast<int32_t>(cookie >> 32)));
    add(instruction(BPF_JMP | BPF_JNE | BPF_X, BPF_REG_0, BPF_REG_1, 3, 0));
    add(instruction(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_6, 0, 0));
  }
  add(instruction(BPF_ALU | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, static_cast<int32_t>(mark)));
  add(instruction(BPF_STX | BPF_MEM | BPF_W, BPF_REG_1, BPF_REG_2, offsetof(bpf_sock, mark), 0));
  add(instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1));
  add(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));

  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_SOCK;
  attributes.expected_attach_type = BPF_CGROUP_INET_SOCK_CREATE;
  attributes.insns = reinterpret_cast<uint64_t>(program);
  attributes.insn_cnt = static_cast<uint32_t>(count);
  attributes.license = reinterpret_cast<uint64_t>("Apache-2.0");
  strncpy(attributes.prog_name, "bowline_mark", sizeof attributes.prog_name - 1);
  return loadProgram(attributes);
}

}  // namespace

napi_value cgroupMarkSet(Call& call) {
  const std::string path = call.string(0, "path", 4095);
  const double mark = call.number(1, "mark");
  if (mark < 0 || mark > 0xffffffff) throwRange("ERR_OUT_OF_RANGE", "mark must fit 32 bits");
  const FileDescriptor group = openGroup(path);
  const FileDescriptor program = loadMarkProgram(static_cast<uint32_t>(mark));
  bpf_attr attributes{};
  attributes.target_fd = static_cast<uint32_t>(group.get());
  attributes.attach_bpf_fd = static_cast<uint32_t>(program.get());
  attributes.attach_type = BPF_CGROUP_INET_SOCK_CREATE;
  // The nearest group's program decides, and a later one takes its place without knowing it.
  attributes.attach_flags = BPF_F_ALLOW_OVERRIDE;
  if (bpf(BPF_PROG_ATTACH, attributes) != 0) throwSystem("bpf(BPF_PROG_ATTACH)");
  return call.undefined();
}

napi_value cgroupMarkClear(Call& call) {
  const FileDescriptor group = openGroup(call.string(0, "path", 4095));
  bpf_attr attributes{};
  attributes.target_fd = static_cast<uint32_t>(group.get());
  attributes.attach_bpf_fd = static_cast<uint32_t>(-1);
  attributes.attach_type = BPF_CGROUP_INET_SOCK_CREATE;
  // ENOENT: there is none.
  if (bpf(BPF_PROG_DETACH, attributes) != 0 && errno != ENOENT) throwSystem("bpf(BPF_PROG_DETACH)");
  return call.undefined();
}

}  // namespace bowline
