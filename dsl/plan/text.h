// User's text made fit for showing, shared by the renderings.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fleet::plan {

// The text on one line and without power over a terminal or a reader: control characters, bytes
// that are not UTF-8 and the marks that reorder bidirectional text become visible escapes ("\n",
// "\x1b",
// "\u{202e}"). The result is UTF-8.
std::string printable(std::string_view text);

// Columns that UTF-8 text takes on a terminal, East Asian wide characters counting two.
std::size_t columns(std::string_view text);

// The text cut to at most `most` columns, the last being "…" when something was cut.
std::string shortened(const std::string& text, std::size_t most);

// The text followed by blanks up to `width` columns.
std::string padded(std::string text, std::size_t width);

}  // namespace fleet::plan
