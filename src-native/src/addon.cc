#include <limits>

#include "functions.h"
#include "wrapped_object.h"

namespace bowline {

namespace {

napi_value createArena(Call& call) {
  const double bytes = call.number(0, "bytes");
  // Descriptors hold byte offsets as 32-bit integers.
  if (bytes < 4096 || bytes > std::numeric_limits<int32_t>::max() || bytes != static_cast<double>(static_cast<int32_t>(bytes))) {
    throwRange("ERR_OUT_OF_RANGE", "bytes must be an integer between 4096 and 2147483647");
  }
  Arena& arena = call.instance->arena;
  if (arena.exists()) throwCoded("ERR_ARENA_EXISTS", "the arena exists already");
  arena.create(static_cast<size_t>(bytes));
  napi_value buffer = nullptr;
  check(call.env, napi_create_external_arraybuffer(
                      call.env, arena.base(), static_cast<size_t>(bytes), [](napi_env, void*, void*) {}, nullptr,
                      &buffer));
  return buffer;
}

napi_value addressIntern(Call& call) {
  Address address;
  if (!parseAddress(call.string(0, "ip", 64), address.remote)) {
    throwRange("ERR_BAD_ADDRESS", "ip is not an IP address");
  }
  const int32_t port = call.int32(1, "port");
  if (port < 0 || port > 65535) throwRange("ERR_OUT_OF_RANGE", "port must be between 0 and 65535");
  address.port = static_cast<uint16_t>(port);
  const int32_t scopeId = call.has(2) ? call.int32(2, "scopeId") : 0;
  if (scopeId < 0) throwRange("ERR_OUT_OF_RANGE", "scopeId must not be negative");
  if (address.isLinkLocal()) {
    address.scopeId = address.isIpv4() ? 0 : static_cast<uint32_t>(scopeId);
    address.interfaceIndex = static_cast<uint32_t>(scopeId);
  }
  const uint32_t id = call.instance->addresses.intern(address);
  if (id == 0) throwCoded("ERR_ADDRESS_TABLE_FULL", "every entry of the address table is pinned");
  return makeInt32(call.env, static_cast<int32_t>(id));
}

[[noreturn]] void throwBadAddress() { throwRange("ERR_BAD_ADDRESS", "no address has this id"); }

napi_value addressDescribe(Call& call) {
  const Address* address = call.instance->addresses.find(static_cast<uint32_t>(call.int32(0, "id")));
  if (address == nullptr) throwBadAddress();
  return ObjectBuilder(call.env)
      .string("address", formatAddress(address->remote))
      .number("port", address->port)
      .number("scopeId", address->scopeId)
      .stringOrNull("localAddress", address->hasLocal() ? formatAddress(address->local) : "")
      .number("ifindex", address->interfaceIndex)
      .value();
}

napi_value addressSource(Call& call) {
  const auto id = static_cast<uint32_t>(call.int32(0, "id"));
  if (call.instance->addresses.find(id) == nullptr) throwBadAddress();
  return makeNumber(call.env, call.instance->addresses.sourceOf(id));
}

napi_value addressPin(Call& call) {
  if (!call.instance->addresses.pin(static_cast<uint32_t>(call.int32(0, "id")))) throwBadAddress();
  return call.undefined();
}

napi_value addressUnpin(Call& call) {
  if (!call.instance->addresses.unpin(static_cast<uint32_t>(call.int32(0, "id")))) {
    throwRange("ERR_BAD_ADDRESS", "no pinned address has this id");
  }
  return call.undefined();
}

void defineAll(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      functionProperty<createArena>("createArena"),
      functionProperty<nowMicros>("nowMicros"),
      functionProperty<addressIntern>("addressIntern"),
      functionProperty<addressDescribe>("addressDescribe"),
      functionProperty<addressSource>("addressSource"),
      functionProperty<addressPin>("addressPin"),
      functionProperty<addressUnpin>("addressUnpin"),
      functionProperty<keyAdd>("keyAdd"),
      functionProperty<keyDrop>("keyDrop"),
      functionProperty<hasAesHardware>("hasAesHardware"),
      functionProperty<seal>("seal"),
      functionProperty<open>("open"),
      functionProperty<carrierUp>("carrierUp"),
      functionProperty<cgroupMarkSet>("cgroupMarkSet"),
      functionProperty<cgroupMarkClear>("cgroupMarkClear"),
      functionProperty<executableOf>("executableOf"),
      functionProperty<peerCredentials>("peerCredentials"),
      functionProperty<adoptExecGroup>("adoptExecGroup"),
      functionProperty<sdNotify>("sdNotify"),
      functionProperty<sdBarrier>("sdBarrier"),
      functionProperty<useTimeSlice>("useTimeSlice"),
      functionProperty<inetSockets>("inetSockets"),
      functionProperty<hostRule>("hostRule"),
  };
  check(env, napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions));
  defineDeadlineTimer(env, exports);
  defineTun(env, exports);
  defineUdpSocket(env, exports);
  defineNetlink(env, exports);
  defineProcessStarts(env, exports);
  defineExecGate(env, exports);
  defineNameTap(env, exports);
  defineDatagramMeter(env, exports);
}

}  // namespace

}  // namespace bowline

NAPI_MODULE_INIT() {
  using bowline::Instance;
  try {
    auto instance = std::make_unique<Instance>();
    const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Instance*>(data); };
    bowline::check(env, napi_set_instance_data(env, instance.get(), finalize, nullptr));
    instance.release();
    bowline::defineAll(env, exports);
    return exports;
  } catch (const bowline::SystemError& error) {
    bowline::raise(env, error);
  } catch (const bowline::CodedError& error) {
    bowline::raise(env, error);
  } catch (const bowline::PendingException&) {
  } catch (const std::exception& error) {
    napi_throw_error(env, "ERR_NATIVE", error.what());
  }
  return nullptr;
}
