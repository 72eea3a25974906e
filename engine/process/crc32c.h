// CRC-32C (Castagnoli, reflected, as iSCSI has it in RFC 3720): tells damage, not malice.
#pragma once

#include <cstdint>
#include <string_view>

namespace fleet::process {

std::uint32_t crc32c(std::string_view bytes);

}  // namespace fleet::process
