#include "dsl/plan/text.h"

#include <fmt/format.h>

#include "dsl/plan/utf8.h"

namespace fleet::plan {
namespace {

bool reorders_text(char32_t c) {
  return c == 0x61C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

// Line and paragraph separators break lines; 0xFFFE and 0xFFFF are not allowed in XML.
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFFFE ||
         c == 0xFFFF;
}

std::size_t columns_of(char32_t c) {
  const bool combining = (c >= 0x300 && c <= 0x36F) || c == 0x200D || (c >= 0xFE00 && c <= 0xFE0F);
  const bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                    (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                    (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                    (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
  return combining ? 0 : wide ? 2 : 1;
}

std::string escape_of(char32_t c) {
  switch (c) {
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default:
      return c < 0x100 ? fmt::format("\\x{:02x}", static_cast<std::uint32_t>(c))
                       : fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(c));
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const std::size_t length = point.length == 0 ? 1 : point.length;
    if (point.length == 0) {
      out += escape_of(static_cast<unsigned char>(text[0]));
    } else if (is_control(point.value) || reorders_text(point.value)) {
      out += escape_of(point.value);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    count += point.length == 0 ? 1 : columns_of(point.value);
    text.remove_prefix(point.length == 0 ? 1 : point.length);
  }
  return count;
}

std::string shortened(const std::string& text, std::size_t most) {
  if (columns(text) <= most) {
    return text;
  }
  std::string_view rest = text;
  std::size_t count = 0;
  while (!rest.empty()) {
    const CodePoint point = first_code_point(rest);
    count += columns_of(point.value);
    if (count + 1 > most) {
      break;
    }
    rest.remove_prefix(point.length == 0 ? 1 : point.length);
  }
  return text.substr(0, text.size() - rest.size()) + "…";
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t taken = columns(text);
  text.append(taken < width ? width - taken : 0, ' ');
  return text;
}

}  // namespace fleet::plan
