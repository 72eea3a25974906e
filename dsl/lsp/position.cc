#include "dsl/lsp/position.h"

#include <algorithm>

#include "dsl/base/utf8.h"

namespace fleet::lsp {
namespace {

constexpr char32_t kLastOfOneUnit = 0xFFFF;

std::uint32_t units_of(const CodePoint& point, Encoding encoding) {
  if (encoding == Encoding::kUtf8)
    return point.length;
  return point.valid && point.value > kLastOfOneUnit ? 2 : 1;
}

}  // namespace

LineTable::LineTable(std::string_view text) : starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool lone_return = text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    if (text[i] == '\n' || lone_return)
      starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
}

std::string_view LineTable::line(std::string_view text, std::uint32_t line) const {
  if (line >= starts_.size())
    return {};
  const std::size_t end = line + 1 < starts_.size() ? starts_[line + 1] : text.size();
  std::string_view found = text.substr(starts_[line], end - starts_[line]);
  while (!found.empty() && (found.back() == '\n' || found.back() == '\r'))
    found.remove_suffix(1);
  return found;
}

Position LineTable::position(std::string_view text, std::uint32_t offset, Encoding encoding) const {
  offset = std::min(offset, static_cast<std::uint32_t>(text.size()));
  const auto next = std::ranges::upper_bound(starts_, offset);
  const auto line = static_cast<std::uint32_t>(next - starts_.begin() - 1);
  Position found{line, 0};
  std::uint32_t at = starts_[line];
  while (at < offset) {
    const CodePoint point = decode_utf8(text, at);
    if (at + point.length > offset)
      break;
    found.character += units_of(point, encoding);
    at += point.length;
  }
  return found;
}

std::uint32_t LineTable::offset(std::string_view text, Position position, Encoding encoding) const {
  if (position.line >= starts_.size())
    return static_cast<std::uint32_t>(text.size());
  const std::uint32_t begin = starts_[position.line];
  const auto end = begin + static_cast<std::uint32_t>(line(text, position.line).size());
  std::uint32_t at = begin;
  std::uint32_t left = position.character;
  while (at < end) {
    const CodePoint point = decode_utf8(text, at);
    const std::uint32_t taken = units_of(point, encoding);
    if (taken > left)
      break;
    left -= taken;
    at += point.length;
  }
  return at;
}

std::uint32_t units(std::string_view text, Encoding encoding) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_utf8(text, at);
    sum += units_of(point, encoding);
    at += point.length;
  }
  return sum;
}

}  // namespace fleet::lsp
