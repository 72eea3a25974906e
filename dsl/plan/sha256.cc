#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <openssl/evp.h>

#include "dsl/plan/codec.h"

namespace fleet::plan {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeDigest {
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};

}  // namespace

// The algorithm is fetched and the context made once a thread: fetching costs more than hashing a
// node.
std::string sha256(std::string_view bytes) {
  thread_local const std::unique_ptr<EVP_MD, FreeDigest> algorithm(
      EVP_MD_fetch(nullptr, "SHA256", nullptr));
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::array<unsigned char, 32> digest{};
  unsigned length = 0;
  if (EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), digest.data(), &length) != 1 || length != digest.size()) {
    std::fprintf(stderr, "SHA-256 of %zu bytes failed in libcrypto\n", bytes.size());
    std::abort();
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace fleet::plan
