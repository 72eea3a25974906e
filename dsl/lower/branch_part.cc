// A parameter's value inside a branch name.
#include <string_view>

#include "dsl/lower/lower.h"

namespace fleet::lower {
namespace {

bool ends_component(std::string_view text, std::size_t at) {
  return at == text.size() || text[at] == '/';
}

bool is_plain(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '_';
}

// Whether git allows the byte at this place as it is. `start`: it would begin a component.
bool is_kept(std::string_view text, std::size_t at, const std::string& before, bool start) {
  const char byte = text[at];
  if (byte == '-')
    return !start;
  if (byte == '/')
    return !start && at + 1 < text.size();
  if (byte != '.')
    return is_plain(byte);
  const bool locks = text.substr(at, 5) == ".lock" && ends_component(text, at + 5);
  return !start && before.back() != '.' && !ends_component(text, at + 1) && !locks;
}

}  // namespace

std::string branch_part(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  if (text.empty())
    return "%";
  std::string part;
  bool start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool kept = is_kept(text, i, part, start);
    const auto byte = static_cast<unsigned char>(text[i]);
    if (kept) {
      part += text[i];
    } else {
      part += '%';
      part += kDigits[byte >> 4];
      part += kDigits[byte & 15];
    }
    start = kept && text[i] == '/';
  }
  return part;
}

}  // namespace fleet::lower
