#include "js.h"

#include <cmath>

namespace bowline {

namespace {

napi_valuetype typeOf(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  check(env, napi_typeof(env, value, &type));
  return type;
}

}  // namespace

void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) throw PendingException{};
  throwCoded("ERR_NATIVE", "Node-API refused a call, status " + std::to_string(status));
}

Call readCall(napi_env env, napi_callback_info info) {
  Call call;
  call.env = env;
  call.info = info;
  call.count = kMaxArguments;
  check(env, napi_get_cb_info(env, info, &call.count, call.arguments, &call.self, &call.data));
  void* instance = nullptr;
  check(env, napi_get_instance_data(env, &instance));
  call.instance = static_cast<Instance*>(instance);
  if (call.instance == nullptr) throwCoded("ERR_CLOSED", "the addon has been torn down");
  return call;
}

int32_t toInt32(napi_env env, napi_value value, const char* name) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) throwType(std::string(name) + " must be a number");
  if (!(number >= INT32_MIN && number <= INT32_MAX) || number != std::trunc(number)) {
    throwRange("ERR_OUT_OF_RANGE", std::string(name) + " must be a 32-bit integer");
  }
  return static_cast<int32_t>(number);
}

double toNumber(napi_env env, napi_value value, const char* name) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) throwType(std::string(name) + " must be a number");
  if (!std::isfinite(number)) throwRange("ERR_OUT_OF_RANGE", std::string(name) + " must be finite");
  return number;
}

std::string toString(napi_env env, napi_value value, const char* name, size_t limit) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) {
    throwType(std::string(name) + " must be a string");
  }
  if (length > limit) {
    throwRange("ERR_OUT_OF_RANGE", std::string(name) + " is longer than " + std::to_string(limit) + " bytes");
  }
  std::string text(length + 1, '\0');
  check(env, napi_get_value_string_utf8(env, value, text.data(), text.size(), &length));
  text.resize(length);
  if (text.find('\0') != std::string::npos) {
    throwRange("ERR_OUT_OF_RANGE", std::string(name) + " must not contain NUL");
  }
  return text;
}

bool Call::has(size_t index) const {
  return index < count && typeOf(env, arguments[index]) != napi_undefined;
}

int32_t Call::int32(size_t index, const char* name) const { return toInt32(env, arguments[index], name); }

double Call::number(size_t index, const char* name) const { return toNumber(env, arguments[index], name); }

std::string Call::string(size_t index, const char* name, size_t limit) const {
  return toString(env, arguments[index], name, limit);
}

napi_value Call::function(size_t index, const char* name) const {
  if (typeOf(env, arguments[index]) != napi_function) throwType(std::string(name) + " must be a function");
  return arguments[index];
}

napi_value Call::object(size_t index, const char* name) const {
  if (typeOf(env, arguments[index]) != napi_object) throwType(std::string(name) + " must be an object");
  return arguments[index];
}

const Arena& Call::arena() const {
  if (!instance->arena.exists()) throwCoded("ERR_NO_ARENA", "createArena() has not been called");
  return instance->arena;
}

napi_value Call::undefined() const {
  napi_value value = nullptr;
  check(env, napi_get_undefined(env, &value));
  return value;
}

napi_value Options::get(const char* name) const {
  napi_value value = nullptr;
  check(env_, napi_get_named_property(env_, object_, name, &value));
  return typeOf(env_, value) == napi_undefined ? nullptr : value;
}

std::string Options::string(const char* name, size_t limit) const {
  napi_value value = get(name);
  if (value == nullptr) throwType(std::string(name) + " is missing");
  return toString(env_, value, name, limit);
}

int32_t Options::int32(const char* name, int32_t fallback, int32_t min, int32_t max) const {
  napi_value value = get(name);
  if (value == nullptr) return fallback;
  const int32_t number = toInt32(env_, value, name);
  if (number < min || number > max) {
    throwRange("ERR_OUT_OF_RANGE", std::string(name) + " must be between " + std::to_string(min) + " and " +
                                       std::to_string(max));
  }
  return number;
}

uint32_t Options::uint32(const char* name, uint32_t fallback) const {
  napi_value value = get(name);
  if (value == nullptr) return fallback;
  const double number = toNumber(env_, value, name);
  if (number < 0 || number > UINT32_MAX || number != std::trunc(number)) {
    throwRange("ERR_OUT_OF_RANGE", std::string(name) + " must be an unsigned 32-bit integer");
  }
  return static_cast<uint32_t>(number);
}

bool Options::boolean(const char* name, bool fallback) const {
  napi_value value = get(name);
  if (value == nullptr) return fallback;
  bool result = false;
  if (napi_get_value_bool(env_, value, &result) != napi_ok) throwType(std::string(name) + " must be a boolean");
  return result;
}

napi_value makeNumber(napi_env env, double number) {
  napi_value value = nullptr;
  check(env, napi_create_double(env, number, &value));
  return value;
}

napi_value makeInt32(napi_env env, int32_t number) {
  napi_value value = nullptr;
  check(env, napi_create_int32(env, number, &value));
  return value;
}

napi_value makeBoolean(napi_env env, bool boolean) {
  napi_value value = nullptr;
  check(env, napi_get_boolean(env, boolean, &value));
  return value;
}

napi_value makeString(napi_env env, const char* text) {
  napi_value value = nullptr;
  check(env, napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value));
  return value;
}

napi_value makeString(napi_env env, const std::string& text) { return makeString(env, text.c_str()); }

napi_value makeNull(napi_env env) {
  napi_value value = nullptr;
  check(env, napi_get_null(env, &value));
  return value;
}

ObjectBuilder::ObjectBuilder(napi_env env) : env_(env) { check(env, napi_create_object(env, &object_)); }

ObjectBuilder& ObjectBuilder::set(const char* name, napi_value value) {
  check(env_, napi_set_named_property(env_, object_, name, value));
  return *this;
}

}  // namespace bowline
