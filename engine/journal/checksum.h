// The two checks that the journal's format is built from: CRC32C finds and places accidental
// damage, the SHA-256 chain proves that nothing before a point was changed, dropped or put in.
// Private to engine/journal.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "engine/journal/bytes.h"

namespace fleet::journal {

// CRC-32C (Castagnoli), as in iSCSI, RFC 3720: crc32c("123456789") == 0xE3069283. Pass the result
// back in to go on with further bytes.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);
// The same without the processor's instruction, for processors that lack it.
std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t before = 0);

// Of the parts, one after another.
Digest sha256(std::initializer_list<std::string_view> parts);

std::string to_hex(const Digest& digest);
// Of exactly 64 lower-case digits.
std::optional<Digest> from_hex(std::string_view text);
inline std::string_view view_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace fleet::journal
