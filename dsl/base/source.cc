#include "dsl/base/source.h"

#include <algorithm>
#include <utility>

#include "dsl/base/utf8.h"

namespace fleet {

Span cover(const Span& a, const Span& b) {
  if (!(a.source == b.source))
    return a;
  return {a.source, std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

namespace {

// A byte order mark is no part of the first line: nobody sees it.
std::uint32_t mark_length(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  return text.starts_with(kByteOrderMark) ? static_cast<std::uint32_t>(kByteOrderMark.size()) : 0;
}

}  // namespace

Source::Source(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)), line_starts_{mark_length(text_)} {
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') {
      line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
    }
  }
}

LineColumn Source::locate(std::uint32_t offset) const {
  const auto end = std::clamp<std::size_t>(offset, line_starts_.front(), text_.size());
  const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), end);
  const auto start = *std::prev(after);
  LineColumn at;
  at.line = static_cast<std::uint32_t>(after - line_starts_.begin());
  at.byte_column = static_cast<std::uint32_t>(end - start) + 1;
  for (std::size_t i = start; i < end;) {
    const CodePoint point = decode_utf8(text_, i);
    if (i + point.length > end) {
      break;  // inside a character: its own column
    }
    i += point.length;
    at.column += 1;
    at.utf16_column += point.valid && point.value >= 0x10000 ? 2 : 1;
  }
  return at;
}

std::string_view Source::line(std::uint32_t line) const {
  if (line == 0 || line > line_starts_.size()) {
    return {};
  }
  const std::size_t begin = line_starts_[line - 1];
  std::size_t end = line < line_starts_.size() ? line_starts_[line] - 1U : text_.size();
  if (end > begin && text_[end - 1] == '\r') {
    --end;
  }
  return std::string_view(text_).substr(begin, end - begin);
}

std::uint32_t Source::line_start(std::uint32_t line) const {
  if (line == 0) {
    return 0;
  }
  return line <= line_starts_.size() ? line_starts_[line - 1]
                                     : static_cast<std::uint32_t>(text_.size());
}

SourceId SourceMap::add(std::string name, std::string text) {
  sources_.push_back({std::make_shared<Source>(std::move(name), std::move(text)), std::nullopt});
  return {static_cast<std::uint32_t>(sources_.size() - 1)};
}

SourceId SourceMap::expand(SourceId of, Span use) {
  const Expansion* outer = expansion(of);
  sources_.push_back({sources_.at(of.value).source, Expansion{outer ? outer->of : of, use}});
  return {static_cast<std::uint32_t>(sources_.size() - 1)};
}

const Expansion* SourceMap::expansion(SourceId id) const {
  const std::optional<Expansion>& found = sources_.at(id.value).expansion;
  return found ? &*found : nullptr;
}

Span SourceMap::written(Span span) const {
  if (const Expansion* found = expansion(span.source))
    span.source = found->of;
  return span;
}

const Source& SourceMap::get(SourceId id) const {
  return *sources_.at(id.value).source;
}

std::string_view SourceMap::text(const Span& span) const {
  const std::string_view all = get(span.source).text();
  const auto begin = std::min<std::size_t>(span.begin, all.size());
  const auto end = std::clamp<std::size_t>(span.end, begin, all.size());
  return all.substr(begin, end - begin);
}

}  // namespace fleet
