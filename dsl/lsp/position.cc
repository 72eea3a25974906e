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

// Moved back to where a character begins.
std::uint32_t character_at(std::string_view text, std::uint32_t offset) {
  constexpr std::uint32_t kMostBefore = 3;
  for (std::uint32_t back = std::min(kMostBefore, offset); back > 0 && offset < text.size();
       --back) {
    if (decode_utf8(text, offset - back).length > back)
      return offset - back;
  }
  return offset;
}

}  // namespace

LineTable::LineTable(std::string_view text) : starts_{0} {
  bool ascii = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // Nearly every byte, at every keystroke.
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= ' ' && byte < 0x80)
      continue;
    ascii = ascii && byte < 0x80;
    const bool lone_return = text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
    if (text[i] == '\n' || lone_return)
      starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
  if (ascii)
    return;
  constexpr std::uint32_t kApart = 1024;
  Mark at;
  while (at.offset < text.size()) {
    if (marks_.empty() || at.offset >= marks_.back().offset + kApart)
      marks_.push_back(at);
    const CodePoint point = decode_utf8(text, at.offset);
    at.units += units_of(point, Encoding::kUtf16);
    at.offset += point.length;
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

std::uint32_t LineTable::units_before(std::string_view text, std::uint32_t offset) const {
  if (marks_.empty())
    return offset;
  const auto next = std::ranges::upper_bound(marks_, offset, {}, &Mark::offset);
  Mark at = *std::prev(next);
  while (at.offset < offset) {
    const CodePoint point = decode_utf8(text, at.offset);
    at.units += units_of(point, Encoding::kUtf16);
    at.offset += point.length;
  }
  return at.units;
}

// The beginning of the character that holds the unit.
std::uint32_t LineTable::offset_of(std::string_view text, std::uint32_t units) const {
  if (marks_.empty())
    return std::min(units, static_cast<std::uint32_t>(text.size()));
  const auto next = std::ranges::upper_bound(marks_, units, {}, &Mark::units);
  Mark at = *std::prev(next);
  while (at.offset < text.size()) {
    const CodePoint point = decode_utf8(text, at.offset);
    at.units += units_of(point, Encoding::kUtf16);
    if (at.units > units)
      break;
    at.offset += point.length;
  }
  return at.offset;
}

Position LineTable::position(std::string_view text, std::uint32_t offset, Encoding encoding) const {
  offset = character_at(text, std::min(offset, static_cast<std::uint32_t>(text.size())));
  const auto next = std::ranges::upper_bound(starts_, offset);
  const auto line = static_cast<std::uint32_t>(next - starts_.begin() - 1);
  const std::uint32_t begin = starts_[line];
  if (encoding == Encoding::kUtf8)
    return {line, offset - begin};
  return {line, units_before(text, offset) - units_before(text, begin)};
}

std::uint32_t LineTable::offset(std::string_view text, Position position, Encoding encoding) const {
  if (position.line >= starts_.size())
    return static_cast<std::uint32_t>(text.size());
  const std::uint32_t begin = starts_[position.line];
  const auto length = static_cast<std::uint32_t>(line(text, position.line).size());
  // In either encoding a line has no more units than bytes.
  const std::uint32_t character = std::min(position.character, length);
  if (encoding == Encoding::kUtf8)
    return character_at(text, begin + character);
  return std::min(begin + length, offset_of(text, units_before(text, begin) + character));
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
