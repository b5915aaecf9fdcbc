#include "errors.h"

#include <features.h>
#include <string.h>
#include <uv.h>

namespace bowline {

void throwSystem(const char* syscall, int number) { throw SystemError{number, syscall}; }

void throwOutOfArena(const char* what) {
  throw CodedError{CodedError::Type::kRangeError, "ERR_OUT_OF_ARENA",
                   std::string(what) + " lies outside the arena"};
}

void throwRange(const char* code, const std::string& message) {
  throw CodedError{CodedError::Type::kRangeError, code, message};
}

void throwType(const std::string& message) {
  throw CodedError{CodedError::Type::kTypeError, "ERR_INVALID_ARG_TYPE", message};
}

void throwCoded(const char* code, const std::string& message) {
  throw CodedError{CodedError::Type::kError, code, message};
}

void throwClosed(const char* what) { throwCoded("ERR_CLOSED", std::string(what) + " is closed"); }

std::string errnoName(int number) {
#if defined(__GLIBC_PREREQ) && __GLIBC_PREREQ(2, 32)
  const char* name = strerrorname_np(number);
  if (name != nullptr) return name;
  return "E" + std::to_string(number);
#else
  char name[64];
  return uv_err_name_r(-number, name, sizeof name);
#endif
}

namespace {

napi_value makeString(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

}  // namespace

void raise(napi_env env, const SystemError& error) {
  const std::string code = errnoName(error.number);
  const std::string message = code + ": " + strerror(error.number) + ", " + error.syscall;
  napi_value value = nullptr;
  napi_value number = nullptr;
  if (napi_create_error(env, makeString(env, code), makeString(env, message), &value) != napi_ok) return;
  napi_create_int32(env, error.number, &number);
  napi_set_named_property(env, value, "errno", number);
  napi_set_named_property(env, value, "syscall", makeString(env, error.syscall));
  napi_throw(env, value);
}

void raise(napi_env env, const CodedError& error) {
  switch (error.type) {
    case CodedError::Type::kError:
      napi_throw_error(env, error.code, error.message.c_str());
      return;
    case CodedError::Type::kRangeError:
      napi_throw_range_error(env, error.code, error.message.c_str());
      return;
    case CodedError::Type::kTypeError:
      napi_throw_type_error(env, error.code, error.message.c_str());
      return;
  }
}

}  // namespace bowline
