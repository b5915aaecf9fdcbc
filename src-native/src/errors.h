#pragma once

#include <node_api.h>

#include <cerrno>
#include <string>

namespace bowline {

// The three ways native code fails. They are C++ exceptions inside the addon and become JavaScript
// exceptions at one place, the call boundary in js.h.

// A system call failed. Becomes an Error with `code`, `errno` (positive) and `syscall`.
struct SystemError {
  int number;
  const char* syscall;
};

// A refusal of our own. Becomes an Error, RangeError or TypeError with `code`.
struct CodedError {
  enum class Type { kError, kRangeError, kTypeError };
  Type type;
  const char* code;
  std::string message;
};

// A JavaScript exception is pending already (a getter or conversion threw).
struct PendingException {};

[[noreturn]] void throwSystem(const char* syscall, int number = errno);
[[noreturn]] void throwOutOfArena(const char* what);
[[noreturn]] void throwRange(const char* code, const std::string& message);
[[noreturn]] void throwType(const std::string& message);
[[noreturn]] void throwCoded(const char* code, const std::string& message);
[[noreturn]] void throwClosed(const char* what);

// Name of an error number, such as "ENODEV"; "E<number>" where the C library knows none.
std::string errnoName(int number);

void raise(napi_env env, const SystemError& error);
void raise(napi_env env, const CodedError& error);

}  // namespace bowline
