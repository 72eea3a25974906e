// UTF-8 as the compiler sees it: every byte sequence has a reading, so nothing downstream needs to
// handle a failure. An invalid byte stands for itself and is one column wide.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fleet {

struct CodePoint {
  char32_t value = 0;
  std::uint32_t length = 1;  // bytes
  bool valid = true;  // false: one byte that is no part of well-formed UTF-8; `value` is the byte
};

// REQUIRES: offset < text.size(). Overlong forms, surrogates and values past U+10FFFF are invalid.
CodePoint decode_utf8(std::string_view text, std::size_t offset);

// Appends the encoding of `value`; what is no scalar value becomes U+FFFD.
void append_utf8(std::string& out, char32_t value);

// Terminal columns: 0 for combining marks and joiners, 2 for wide East Asian characters and emoji,
// 1 for the rest. Control characters are 1: whoever prints them has to replace them first.
int display_width(char32_t value);
int display_width(std::string_view text);

// Changes what a reader sees without being seen: C0 and C1 controls but tab and newline, and the
// Unicode characters that switch the direction of text or hide in it.
bool is_unseen_control(char32_t value);

}  // namespace fleet
