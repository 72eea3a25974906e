// UTF-8, as far as the plan's formats need it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fleet::plan {

// The code point that `text` begins with and its length in bytes; length 0 when `text` is empty or
// begins with no well-formed sequence (overlong forms and surrogates are not well-formed).
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;
};
CodePoint first_code_point(std::string_view text);

// REQUIRES: `value` is a Unicode scalar value.
void append_utf8(std::string& out, char32_t value);

}  // namespace fleet::plan
