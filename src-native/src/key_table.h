#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace bowline {

constexpr size_t kKeyBytes = 32;
constexpr size_t kIvBytes = 12;
constexpr size_t kHeaderBytes = 12;
constexpr size_t kTagBytes = 16;

enum class Suite : int32_t { kAes256Gcm = 1, kChaCha20Poly1305 = 2 };

struct CipherContextDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, CipherContextDeleter>;

// One AEAD key with its expanded key schedules, one for each direction, made when first used.
class Key {
 public:
  Key(Suite suite, const uint8_t* key, const uint8_t* iv);
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key();

  // The context with the nonce of `header` (16 bytes) set and the header taken as associated data.
  EVP_CIPHER_CTX* beginSeal(const uint8_t* header);
  EVP_CIPHER_CTX* beginOpen(const uint8_t* header);

 private:
  CipherContext makeContext(bool sealing) const;
  void nonceOf(const uint8_t* header, uint8_t* nonce) const;

  const Suite suite_;
  std::array<uint8_t, kKeyBytes> key_;
  std::array<uint8_t, kIvBytes> iv_;
  CipherContext sealing_;
  CipherContext opening_;
};

// Keys by slot. A slot number is never given out twice (short of 2 million keys in one place), so
// a number that outlived its key finds nothing rather than another key.
class KeyTable {
 public:
  static constexpr uint32_t kCapacity = 1024;

  KeyTable() : places_(kCapacity) {}

  // The slot, above 0; -1 if all are taken.
  int32_t add(Suite suite, const uint8_t* key, const uint8_t* iv);
  // Wipes the key; without effect on a slot that holds none.
  void drop(int32_t slot);
  // nullptr if the slot holds no key.
  Key* find(int32_t slot) const;

 private:
  struct Place {
    std::unique_ptr<Key> key;
    int32_t slot = 0;
    uint32_t generation = 0;
  };

  std::vector<Place> places_;
  uint32_t next_ = 0;
};

}  // namespace bowline
