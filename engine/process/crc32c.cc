#include "engine/process/crc32c.h"

#include <array>

namespace fleet::process {
namespace {

constexpr std::array<std::uint32_t, 256> kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value >> 1) ^ ((value & 1U) != 0 ? 0x82F63B78U : 0U);
    table[i] = value;
  }
  return table;
}();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t value = ~0U;
  for (const char byte : bytes)
    value = kTable[(value ^ static_cast<std::uint8_t>(byte)) & 0xFFU] ^ (value >> 8);
  return ~value;
}

}  // namespace fleet::process
