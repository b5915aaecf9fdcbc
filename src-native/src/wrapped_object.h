#pragma once

#include <node_api.h>

#include <memory>
#include <utility>
#include <vector>

#include "js.h"

namespace bowline {

// Tells the classes apart when a method is called on the wrong object.
enum class ObjectKind : uint32_t {
  kDeadlineTimer = 0x626f7701,
  kTun = 0x626f7702,
  kUdpSocket = 0x626f7703,
  kNetlink = 0x626f7704,
  kProcessStarts = 0x626f7705,
  kExecGate = 0x626f7706,
  kNameTap = 0x626f7707,
  kDatagramMeter = 0x626f7708,
};

// A native object behind a JavaScript one. It is destroyed when the JavaScript object is collected
// or the environment ends; `hold` keeps the JavaScript object alive while the kernel may still call.
class WrappedObject {
 public:
  explicit WrappedObject(ObjectKind kind) : kind_(kind) {}
  WrappedObject(const WrappedObject&) = delete;
  WrappedObject& operator=(const WrappedObject&) = delete;
  virtual ~WrappedObject() = default;

  ObjectKind kind() const { return kind_; }
  void attach(napi_env env, napi_value self);

 protected:
  napi_env env() const { return env_; }
  void hold(bool alive);

 private:
  const ObjectKind kind_;
  napi_env env_ = nullptr;
  napi_ref self_ = nullptr;
  bool held_ = false;
};

// A JavaScript function that native code calls from the event loop. An exception it throws becomes
// an uncaught exception, as with any other callback of Node.
class Callback {
 public:
  Callback() = default;
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;
  ~Callback() { clear(); }

  void set(napi_env env, napi_value function);
  void clear();
  bool isSet() const { return reference_ != nullptr; }
  // The function may clear, replace or close anything, so nothing of the owner is used after it.
  void call() const;
  void swap(Callback& other) {
    std::swap(env_, other.env_);
    std::swap(reference_, other.reference_);
  }

 private:
  napi_env env_ = nullptr;
  napi_ref reference_ = nullptr;
};

// TypeError unless the call came from `new`.
void requireNew(const Call& call);

WrappedObject* unwrap(const Call& call, ObjectKind kind);

// `Method` is one of T or of what T derives from.
template <class T, auto Method>
napi_value callMethod(Call& call) {
  return (static_cast<T*>(unwrap(call, T::kKind))->*Method)(call);
}

template <class T>
napi_value callConstructor(Call& call) {
  requireNew(call);
  auto object = std::make_unique<T>(call);
  object->attach(call.env, call.self);
  object.release();
  return call.self;
}

template <class T, auto Method>
napi_property_descriptor method(const char* name) {
  return {name, nullptr, boundary<callMethod<T, Method>>, nullptr, nullptr, nullptr, napi_default_method,
          nullptr};
}

template <class T, auto Method>
napi_property_descriptor getter(const char* name) {
  return {name, nullptr, nullptr, boundary<callMethod<T, Method>>, nullptr, nullptr, napi_enumerable, nullptr};
}

void defineClass(napi_env env, napi_value exports, const char* name, napi_callback constructor,
                 const std::vector<napi_property_descriptor>& members);

void defineDeadlineTimer(napi_env env, napi_value exports);
void defineTun(napi_env env, napi_value exports);
void defineUdpSocket(napi_env env, napi_value exports);
void defineNetlink(napi_env env, napi_value exports);
void defineProcessStarts(napi_env env, napi_value exports);
void defineExecGate(napi_env env, napi_value exports);
void defineNameTap(napi_env env, napi_value exports);
void defineDatagramMeter(napi_env env, napi_value exports);

}  // namespace bowline
