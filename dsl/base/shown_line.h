// How a piece of a user's text looks on a terminal: what is unseen made visible, tabs spread, and
// for each byte the column it is shown in. Private to the renderer.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dsl/base/source.h"

namespace fleet {

// `text` safe to print. Newlines become blanks unless `keep_newlines`.
std::string visible(std::string_view text, bool ascii, bool keep_newlines = false);

class ShownLine {
 public:
  ShownLine(std::string_view text, bool ascii);

  // The column, from 0, where the byte at `offset` of the line is shown; the width for offsets past
  // the end.
  int column(std::size_t offset) const;
  int width() const { return columns_.back(); }
  // What is shown in columns [from, to), with `cut` in place of what the cut takes on each side.
  std::string slice(int from, int to, std::string_view cut) const;

 private:
  struct Cell {
    std::string shown;
    int width;
  };
  std::vector<Cell> cells_;
  std::vector<int> columns_;  // of each byte, and of the end
};

// The lines of some sources, each laid out once: a long one may have hundreds of messages.
class ShownLines {
 public:
  explicit ShownLines(bool ascii) : ascii_(ascii) {}
  // Valid as long as this is.
  const ShownLine& of(const Source& source, std::uint32_t line);

 private:
  bool ascii_;
  std::map<std::pair<const Source*, std::uint32_t>, ShownLine> lines_;
};

}  // namespace fleet
