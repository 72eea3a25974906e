#include "engine/journal/checksum.h"

#include <array>
#include <memory>

#include <openssl/evp.h>

#include "engine/base/check.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace fleet::journal {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
    table[byte] = crc;
  }
  return table;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::string_view bytes,
                                                             std::uint32_t before) {
  std::uint64_t crc = ~before;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; left > 0; --left, ++at)
    narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*at));
  return ~narrow;
}
#endif

// Made once a thread: fetching the algorithm costs more than hashing an event.
struct Hasher {
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm{
      EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free};
};

}  // namespace

std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t before) {
  static constexpr std::array<std::uint32_t, 256> kTable = make_table();
  std::uint32_t crc = ~before;
  for (const char byte : bytes)
    crc = kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction)
    return crc32c_sse42(bytes, before);
#endif
  return crc32c_portable(bytes, before);
}

Digest sha256(std::initializer_list<std::string_view> parts) {
  thread_local Hasher hasher;
  FLEET_ASSERT(hasher.algorithm != nullptr && hasher.context != nullptr);
  EVP_MD_CTX* context = hasher.context.get();
  Digest digest{};
  int ok = EVP_DigestInit_ex2(context, hasher.algorithm.get(), nullptr);
  for (const std::string_view part : parts)
    ok = ok & EVP_DigestUpdate(context, part.data(), part.size());
  ok = ok & EVP_DigestFinal_ex(context, digest.data(), nullptr);
  FLEET_ASSERT(ok == 1);
  return digest;
}

std::string to_hex(const Digest& digest) {
  std::string text;
  text.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
  return text;
}

std::optional<Digest> from_hex(std::string_view text) {
  Digest digest{};
  if (text.size() != 2 * digest.size())
    return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t value = kHexDigits.find(text[i]);
    if (value == std::string_view::npos)
      return std::nullopt;
    digest[i / 2] = static_cast<unsigned char>(std::size_t{digest[i / 2]} << 4 | value);
  }
  return digest;
}

}  // namespace fleet::journal
