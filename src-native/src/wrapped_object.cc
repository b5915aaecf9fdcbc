#include "wrapped_object.h"

namespace bowline {

void WrappedObject::attach(napi_env env, napi_value self) {
  // Wrapping takes ownership only when it succeeds, so `self_` must be set after.
  const auto finalize = [](napi_env finalEnv, void* data, void*) {
    WrappedObject* object = static_cast<WrappedObject*>(data);
    const napi_ref reference = object->self_;
    delete object;
    if (reference != nullptr) napi_delete_reference(finalEnv, reference);
  };
  check(env, napi_wrap(env, self, this, finalize, nullptr, &self_));
  env_ = env;
}

void WrappedObject::hold(bool alive) {
  if (alive == held_ || self_ == nullptr) return;
  held_ = alive;
  uint32_t count = 0;
  if (alive) {
    napi_reference_ref(env_, self_, &count);
  } else {
    napi_reference_unref(env_, self_, &count);
  }
}

void Callback::set(napi_env env, napi_value function) {
  clear();
  check(env, napi_create_reference(env, function, 1, &reference_));
  env_ = env;
}

void Callback::clear() {
  if (reference_ != nullptr) napi_delete_reference(env_, reference_);
  reference_ = nullptr;
}

void Callback::call() const {
  // `this` may be destroyed by the function.
  const napi_env env = env_;
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value function = nullptr;
  napi_value global = nullptr;
  if (napi_get_reference_value(env, reference_, &function) == napi_ok && function != nullptr &&
      napi_get_global(env, &global) == napi_ok) {
    napi_value result = nullptr;
    if (napi_make_callback(env, nullptr, global, function, 0, nullptr, &result) == napi_pending_exception) {
      napi_value error = nullptr;
      if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
    }
  }
  napi_close_handle_scope(env, scope);
}

void requireNew(const Call& call) {
  napi_value target = nullptr;
  check(call.env, napi_get_new_target(call.env, call.info, &target));
  if (target == nullptr) throwType("a class must be called with new");
}

WrappedObject* unwrap(const Call& call, ObjectKind kind) {
  void* data = nullptr;
  if (napi_unwrap(call.env, call.self, &data) != napi_ok || data == nullptr ||
      static_cast<WrappedObject*>(data)->kind() != kind) {
    throwType("the method was called on an object of another class");
  }
  return static_cast<WrappedObject*>(data);
}

void defineClass(napi_env env, napi_value exports, const char* name, napi_callback constructor,
                 const std::vector<napi_property_descriptor>& members) {
  napi_value definition = nullptr;
  check(env, napi_define_class(env, name, NAPI_AUTO_LENGTH, constructor, nullptr, members.size(), members.data(),
                               &definition));
  check(env, napi_set_named_property(env, exports, name, definition));
}

}  // namespace bowline
