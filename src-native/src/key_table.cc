#include "key_table.h"

#include <openssl/crypto.h>
#include <string.h>

#include "errors.h"

namespace bowline {

namespace {

// Slot numbers stay positive 32-bit integers: 10 bits of place, 21 bits of generation.
constexpr uint32_t kPlaceBits = 10;
constexpr uint32_t kGenerations = 1u << 21;
static_assert(KeyTable::kCapacity == 1u << kPlaceBits, "a place must fit its bits");

[[noreturn]] void throwCrypto(const char* operation) {
  throwCoded("ERR_CRYPTO", std::string("OpenSSL refused ") + operation);
}

const EVP_CIPHER* cipherOf(Suite suite) {
  // Fetched once: a lookup by name for each key would search the providers again.
  static EVP_CIPHER* const aes = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  static EVP_CIPHER* const chacha = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  switch (suite) {
    case Suite::kAes256Gcm:
      return aes;
    case Suite::kChaCha20Poly1305:
      return chacha;
  }
  return nullptr;
}

}  // namespace

Key::Key(Suite suite, const uint8_t* key, const uint8_t* iv) : suite_(suite) {
  memcpy(key_.data(), key, key_.size());
  memcpy(iv_.data(), iv, iv_.size());
}

Key::~Key() {
  OPENSSL_cleanse(key_.data(), key_.size());
  OPENSSL_cleanse(iv_.data(), iv_.size());
}

CipherContext Key::makeContext(bool sealing) const {
  const EVP_CIPHER* cipher = cipherOf(suite_);
  if (cipher == nullptr) throwCrypto("the cipher");
  CipherContext context(EVP_CIPHER_CTX_new());
  if (!context || EVP_CipherInit_ex2(context.get(), cipher, key_.data(), iv_.data(), sealing ? 1 : 0, nullptr) != 1) {
    throwCrypto("the key");
  }
  return context;
}

void Key::nonceOf(const uint8_t* header, uint8_t* nonce) const {
  memcpy(nonce, iv_.data(), kIvBytes);
  nonce[3] ^= header[1];
  for (size_t i = 0; i < 2; i++) nonce[6 + i] ^= header[2 + i];
  for (size_t i = 0; i < 4; i++) nonce[8 + i] ^= header[8 + i];
}

EVP_CIPHER_CTX* Key::beginSeal(const uint8_t* header) {
  if (!sealing_) sealing_ = makeContext(true);
  uint8_t nonce[kIvBytes];
  nonceOf(header, nonce);
  int length = 0;
  if (EVP_EncryptInit_ex2(sealing_.get(), nullptr, nullptr, nonce, nullptr) != 1 ||
      EVP_EncryptUpdate(sealing_.get(), nullptr, &length, header, kHeaderBytes) != 1) {
    throwCrypto("the nonce");
  }
  return sealing_.get();
}

EVP_CIPHER_CTX* Key::beginOpen(const uint8_t* header) {
  if (!opening_) opening_ = makeContext(false);
  uint8_t nonce[kIvBytes];
  nonceOf(header, nonce);
  int length = 0;
  if (EVP_DecryptInit_ex2(opening_.get(), nullptr, nullptr, nonce, nullptr) != 1 ||
      EVP_DecryptUpdate(opening_.get(), nullptr, &length, header, kHeaderBytes) != 1) {
    throwCrypto("the nonce");
  }
  return opening_.get();
}

int32_t KeyTable::add(Suite suite, const uint8_t* key, const uint8_t* iv) {
  for (uint32_t step = 0; step < kCapacity; step++) {
    const uint32_t index = next_;
    next_ = (next_ + 1) % kCapacity;
    Place& place = places_[index];
    if (place.key) continue;
    place.key = std::make_unique<Key>(suite, key, iv);
    // Generations start at 1, so that no slot number is 0.
    place.generation = place.generation + 1 == kGenerations ? 1 : place.generation + 1;
    place.slot = static_cast<int32_t>(place.generation << kPlaceBits | index);
    return place.slot;
  }
  return -1;
}

void KeyTable::drop(int32_t slot) {
  if (find(slot) != nullptr) places_[static_cast<uint32_t>(slot) % kCapacity].key.reset();
}

Key* KeyTable::find(int32_t slot) const {
  if (slot <= 0) return nullptr;
  const Place& place = places_[static_cast<uint32_t>(slot) % kCapacity];
  return place.slot == slot ? place.key.get() : nullptr;
}

}  // namespace bowline
