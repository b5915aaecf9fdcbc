#include <openssl/core_names.h>
#include <openssl/params.h>
#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "functions.h"

namespace bowline {

namespace {

struct SealDescriptor {
  int32_t destination;
  int32_t keySlot;
  int32_t firstSegment;
  int32_t segmentCount;
  int32_t outLength;
  int32_t reserved;
};

struct OpenDescriptor {
  int32_t source;
  int32_t totalLength;
  int32_t keySlot;
  int32_t ok;
};

struct Segment {
  int32_t source;
  int32_t length;
};

template <class T>
T* records(const Arena& arena, int32_t index, int32_t count, const char* what) {
  return reinterpret_cast<T*>(arena.words(index, static_cast<int64_t>(count) * (sizeof(T) / 4), what));
}

// The whole length of the segments. Each must be its own output (in place) or lie apart from all of
// the output; anything else would encrypt bytes that were overwritten already.
int64_t checkSegments(const Arena& arena, const SealDescriptor& descriptor, const Segment* segments) {
  int64_t plaintextLength = 0;
  for (int32_t i = 0; i < descriptor.segmentCount; i++) {
    arena.bytes(segments[i].source, segments[i].length, "segment");
    plaintextLength += segments[i].length;
  }
  const int64_t begin = descriptor.destination;
  const int64_t end = begin + static_cast<int64_t>(kHeaderBytes) + plaintextLength + static_cast<int64_t>(kTagBytes);
  arena.bytes(begin, end - begin, "sealed datagram");
  int64_t output = begin + static_cast<int64_t>(kHeaderBytes);
  for (int32_t i = 0; i < descriptor.segmentCount; i++) {
    const int64_t source = segments[i].source;
    const int64_t length = segments[i].length;
    const bool isApart = length == 0 || source + length <= begin || source >= end;
    if (source != output && !isApart) throwRange("ERR_OVERLAP", "a segment overlaps the sealed datagram");
    output += length;
  }
  return plaintextLength;
}

void sealOne(const Arena& arena, const KeyTable& keys, SealDescriptor& descriptor) {
  Key* key = keys.find(descriptor.keySlot);
  if (key == nullptr) throwCoded("ERR_BAD_KEY_SLOT", "the key slot holds no key");
  const Segment* segments = records<Segment>(arena, descriptor.firstSegment, descriptor.segmentCount, "segment list");
  const int64_t plaintextLength = checkSegments(arena, descriptor, segments);

  uint8_t* header = arena.base() + descriptor.destination;
  uint8_t* output = header + kHeaderBytes;
  EVP_CIPHER_CTX* context = key->beginSeal(header);
  int written = 0;
  for (int32_t i = 0; i < descriptor.segmentCount; i++) {
    if (segments[i].length == 0) continue;
    if (EVP_EncryptUpdate(context, output, &written, arena.base() + segments[i].source, segments[i].length) != 1) {
      throwCoded("ERR_CRYPTO", "OpenSSL refused to encrypt");
    }
    output += segments[i].length;
  }
  // The parameter call reaches the cipher with one lookup; EVP_CTRL_AEAD_GET_TAG translates first.
  OSSL_PARAM tag[] = {OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, output, kTagBytes), OSSL_PARAM_END};
  if (EVP_EncryptFinal_ex(context, output, &written) != 1 || EVP_CIPHER_CTX_get_params(context, tag) != 1) {
    throwCoded("ERR_CRYPTO", "OpenSSL refused to finish");
  }
  descriptor.outLength = static_cast<int32_t>(plaintextLength + static_cast<int64_t>(kHeaderBytes + kTagBytes));
}

bool openOne(const Arena& arena, const KeyTable& keys, const OpenDescriptor& descriptor) {
  uint8_t* header = arena.bytes(descriptor.source, descriptor.totalLength, "sealed datagram");
  const int32_t overhead = static_cast<int32_t>(kHeaderBytes + kTagBytes);
  if (descriptor.totalLength < overhead) return false;
  Key* key = keys.find(descriptor.keySlot);
  if (key == nullptr) return false;

  const int32_t length = descriptor.totalLength - overhead;
  uint8_t* text = header + kHeaderBytes;
  EVP_CIPHER_CTX* context = key->beginOpen(header);
  OSSL_PARAM tag[] = {OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, text + length, kTagBytes), OSSL_PARAM_END};
  int written = 0;
  if (EVP_CIPHER_CTX_set_params(context, tag) != 1) return false;
  if (length > 0 && EVP_DecryptUpdate(context, text, &written, text, length) != 1) return false;
  return EVP_DecryptFinal_ex(context, text + length, &written) == 1;
}

const uint8_t* byteArgument(Call& call, size_t index, const char* name, size_t expected) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  bool isTypedArray = false;
  check(call.env, napi_is_typedarray(call.env, call.arguments[index], &isTypedArray));
  if (!isTypedArray) throwType(std::string(name) + " must be a Uint8Array");
  check(call.env, napi_get_typedarray_info(call.env, call.arguments[index], &type, &length, &data, nullptr, nullptr));
  if (type != napi_uint8_array) throwType(std::string(name) + " must be a Uint8Array");
  if (length != expected || data == nullptr) {
    throwRange("ERR_OUT_OF_RANGE", std::string(name) + " must be " + std::to_string(expected) + " bytes long");
  }
  return static_cast<const uint8_t*>(data);
}

}  // namespace

napi_value keyAdd(Call& call) {
  const int32_t suite = call.int32(0, "suite");
  if (suite != static_cast<int32_t>(Suite::kAes256Gcm) && suite != static_cast<int32_t>(Suite::kChaCha20Poly1305)) {
    throwRange("ERR_OUT_OF_RANGE", "suite must be 1 or 2");
  }
  const uint8_t* key = byteArgument(call, 1, "key", kKeyBytes);
  const uint8_t* iv = byteArgument(call, 2, "iv", kIvBytes);
  const int32_t slot = call.instance->keys.add(static_cast<Suite>(suite), key, iv);
  if (slot < 0) throwCoded("ERR_NO_KEY_SLOT", "all key slots are taken");
  return makeInt32(call.env, slot);
}

napi_value keyDrop(Call& call) {
  call.instance->keys.drop(call.int32(0, "slot"));
  return call.undefined();
}

napi_value hasAesHardware(Call& call) {
#if defined(__x86_64__) || defined(__i386__)
  return makeBoolean(call.env, __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul"));
#elif defined(__aarch64__)
  const unsigned long features = getauxval(AT_HWCAP);
  return makeBoolean(call.env, (features & HWCAP_AES) != 0 && (features & HWCAP_PMULL) != 0);
#else
  return makeBoolean(call.env, false);
#endif
}

napi_value seal(Call& call) {
  const Arena& arena = call.arena();
  const int32_t count = call.int32(1, "count");
  SealDescriptor* descriptors = records<SealDescriptor>(arena, call.int32(0, "desc"), count, "seal descriptors");
  for (int32_t i = 0; i < count; i++) sealOne(arena, call.instance->keys, descriptors[i]);
  return call.undefined();
}

napi_value open(Call& call) {
  const Arena& arena = call.arena();
  const int32_t count = call.int32(1, "count");
  OpenDescriptor* descriptors = records<OpenDescriptor>(arena, call.int32(0, "desc"), count, "open descriptors");
  int32_t opened = 0;
  for (int32_t i = 0; i < count; i++) {
    const bool ok = openOne(arena, call.instance->keys, descriptors[i]);
    descriptors[i].ok = ok ? 1 : 0;
    opened += ok ? 1 : 0;
  }
  return makeInt32(call.env, opened);
}

}  // namespace bowline
