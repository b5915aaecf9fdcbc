#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>

#include "errors.h"
#include "instance.h"

namespace bowline {

constexpr int kMaxArguments = 6;

// Throws what a failed Node-API call left behind.
void check(napi_env env, napi_status status);

// One call from JavaScript: typed, checked access to its arguments.
struct Call {
  napi_env env;
  napi_callback_info info;
  Instance* instance;
  napi_value self;
  void* data;
  size_t count;
  napi_value arguments[kMaxArguments];

  // An integer-valued number in the 32-bit range; TypeError or RangeError otherwise.
  int32_t int32(size_t index, const char* name) const;
  // A finite number.
  double number(size_t index, const char* name) const;
  // Text of at most `limit` bytes without NUL.
  std::string string(size_t index, const char* name, size_t limit) const;
  napi_value function(size_t index, const char* name) const;
  // An object (for options).
  napi_value object(size_t index, const char* name) const;
  bool has(size_t index) const;

  const Arena& arena() const;
  napi_value undefined() const;
};

// Named options of a constructor: absent and `undefined` are the same.
class Options {
 public:
  Options(napi_env env, napi_value object) : env_(env), object_(object) {}

  bool has(const char* name) const { return get(name) != nullptr; }
  std::string string(const char* name, size_t limit) const;
  int32_t int32(const char* name, int32_t fallback, int32_t min, int32_t max) const;
  uint32_t uint32(const char* name, uint32_t fallback) const;
  bool boolean(const char* name, bool fallback) const;
  // nullptr if absent.
  napi_value get(const char* name) const;

 private:
  napi_env env_;
  napi_value object_;
};

int32_t toInt32(napi_env env, napi_value value, const char* name);
double toNumber(napi_env env, napi_value value, const char* name);
std::string toString(napi_env env, napi_value value, const char* name, size_t limit);

napi_value makeNumber(napi_env env, double value);
napi_value makeInt32(napi_env env, int32_t value);
napi_value makeBoolean(napi_env env, bool value);
napi_value makeString(napi_env env, const char* text);
napi_value makeString(napi_env env, const std::string& text);
napi_value makeNull(napi_env env);

// Builds a plain object property by property.
class ObjectBuilder {
 public:
  explicit ObjectBuilder(napi_env env);
  ObjectBuilder& set(const char* name, napi_value value);
  ObjectBuilder& number(const char* name, double value) { return set(name, makeNumber(env_, value)); }
  ObjectBuilder& boolean(const char* name, bool value) { return set(name, makeBoolean(env_, value)); }
  ObjectBuilder& string(const char* name, const std::string& value) {
    return set(name, makeString(env_, value));
  }
  ObjectBuilder& stringOrNull(const char* name, const std::string& value) {
    return set(name, value.empty() ? makeNull(env_) : makeString(env_, value));
  }
  napi_value value() const { return object_; }

 private:
  napi_env env_;
  napi_value object_ = nullptr;
};

// Reads the call; the Instance comes from the environment.
Call readCall(napi_env env, napi_callback_info info);

// The call boundary: C++ exceptions become JavaScript exceptions.
template <napi_value (*Function)(Call&)>
napi_value boundary(napi_env env, napi_callback_info info) {
  try {
    Call call = readCall(env, info);
    return Function(call);
  } catch (const SystemError& error) {
    raise(env, error);
  } catch (const CodedError& error) {
    raise(env, error);
  } catch (const PendingException&) {
  } catch (const std::exception& error) {
    napi_throw_error(env, "ERR_NATIVE", error.what());
  }
  return nullptr;
}

template <napi_value (*Function)(Call&)>
napi_property_descriptor functionProperty(const char* name) {
  return {name, nullptr, boundary<Function>, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
}

}  // namespace bowline
