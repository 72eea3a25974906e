#include "dsl/lsp/layout_edits.h"

#include <algorithm>
#include <map>
#include <optional>

#include "dsl/format/format.h"

namespace fleet::lsp {
namespace {

// With their line breaks; the last one may have none.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t length = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

// Pairs up lines that both texts have, greedily: after each pair the nearest next one. The layout
// moves no line past another, so this finds what a longest common subsequence would, in one pass.
class Pairing {
 public:
  Pairing(std::string_view before, std::string_view after)
      : before_(lines_of(before)), after_(lines_of(after)) {}

  std::vector<TextChange> changes() {
    std::size_t a = 0;
    std::size_t b = 0;
    std::uint32_t at = 0;
    while (a < before_.size() || b < after_.size()) {
      if (a < before_.size() && b < after_.size() && before_[a] == after_[b]) {
        at += static_cast<std::uint32_t>(before_[a].size());
        ++a;
        ++b;
        continue;
      }
      const auto [skip_a, skip_b] = next_pair(a, b);
      TextChange change{at, at, {}};
      for (std::size_t i = 0; i < skip_a; ++i)
        change.end += static_cast<std::uint32_t>(before_[a + i].size());
      for (std::size_t i = 0; i < skip_b; ++i)
        change.text += after_[b + i];
      at = change.end;
      a += skip_a;
      b += skip_b;
      changes_.push_back(std::move(change));
    }
    return std::move(changes_);
  }

 private:
  std::pair<std::size_t, std::size_t> next_pair(std::size_t a, std::size_t b) const {
    constexpr std::size_t kFarthest = 64;
    for (std::size_t far = 1; far <= kFarthest; ++far) {
      for (std::size_t i = 0; i <= far; ++i) {
        const std::size_t j = far - i;
        if (a + i < before_.size() && b + j < after_.size() && before_[a + i] == after_[b + j])
          return {i, j};
      }
    }
    return {before_.size() - a, after_.size() - b};
  }

  std::vector<std::string_view> before_;
  std::vector<std::string_view> after_;
  std::vector<TextChange> changes_;
};

}  // namespace

std::vector<TextChange> layout_edits(std::string_view text) {
  SourceMap sources;
  const SourceId source = sources.add("text", std::string(text));
  const std::optional<std::string> laid_out = format(sources, source);
  if (!laid_out || *laid_out == text)
    return {};
  return Pairing(text, *laid_out).changes();
}

std::vector<TextChange> layout_edits(std::string_view text, std::uint32_t begin,
                                     std::uint32_t end) {
  std::vector<TextChange> changes = layout_edits(text);
  std::erase_if(changes, [&](const TextChange& one) { return one.end < begin || end < one.begin; });
  return changes;
}

}  // namespace fleet::lsp
