// The formatter as edits: the fewest lines that change, so that cursors and folds stay.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/base/source.h"

namespace fleet::lsp {

// Offsets into the text. Empty where the layout is right already, or the text can't be parsed.
struct TextChange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::string text;
  friend bool operator==(const TextChange&, const TextChange&) = default;
};

std::vector<TextChange> layout_edits(std::string_view text);
// Of those, what touches the lines of [begin, end].
std::vector<TextChange> layout_edits(std::string_view text, std::uint32_t begin, std::uint32_t end);

}  // namespace fleet::lsp
