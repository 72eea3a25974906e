#include "dsl/plan/utf8.h"

namespace fleet::plan {
namespace {

std::size_t length_of(unsigned char lead) {
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xC2 && lead < 0xE0) {
    return 2;
  }
  if (lead >= 0xE0 && lead < 0xF0) {
    return 3;
  }
  return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  if (text.empty()) {
    return {};
  }
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = length_of(lead);
  if (length == 0 || length > text.size()) {
    return {};
  }
  char32_t value = length == 1 ? lead : lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0u) != 0x80u) {
      return {};
    }
    value = (value << 6) | (next & 0x3Fu);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value < 0xE000;
  if (overlong || surrogate || value > 0x10FFFF) {
    return {};
  }
  return {value, length};
}

void append_utf8(std::string& out, char32_t value) {
  const auto byte = [&out](char32_t bits) {
    out += static_cast<char>(bits);
  };
  if (value < 0x80) {
    byte(value);
    return;
  }
  if (value < 0x800) {
    byte(0xC0 | (value >> 6));
  } else if (value < 0x10000) {
    byte(0xE0 | (value >> 12));
    byte(0x80 | ((value >> 6) & 0x3F));
  } else {
    byte(0xF0 | (value >> 18));
    byte(0x80 | ((value >> 12) & 0x3F));
    byte(0x80 | ((value >> 6) & 0x3F));
  }
  byte(0x80 | (value & 0x3F));
}

}  // namespace fleet::plan
