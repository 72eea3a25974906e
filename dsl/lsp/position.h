// Positions as editors count them: lines from 0, and in a line UTF-16 units, or bytes where the
// client agreed to UTF-8. All else in this room is a byte offset, converted at the border.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace fleet::lsp {

enum class Encoding { kUtf8, kUtf16 };

struct Position {
  std::uint32_t line = 0;
  std::uint32_t character = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Range {
  Position start;
  Position end;
  friend bool operator==(const Range&, const Range&) = default;
};

// Where the lines of a text begin. A line ends with \n, \r\n or \r, as the protocol says; for the
// compiler only \n ends one. Keeps no text: each call is given the one that it was made from. No
// call takes longer on a text that is one long line.
class LineTable {
 public:
  explicit LineTable(std::string_view text);

  std::uint32_t line_count() const { return static_cast<std::uint32_t>(starts_.size()); }
  // An offset past the end, or inside of a character, is moved back to where one begins.
  Position position(std::string_view text, std::uint32_t offset, Encoding encoding) const;
  // A position past the end of its line means that end (before its line break), one past the last
  // line the end of the text, and one inside of a character its beginning.
  std::uint32_t offset(std::string_view text, Position position, Encoding encoding) const;
  // Without the line break.
  std::string_view line(std::string_view text, std::uint32_t line) const;

 private:
  // How many UTF-16 units stand before an offset where a character begins.
  struct Mark {
    std::uint32_t offset = 0;
    std::uint32_t units = 0;
  };
  std::uint32_t units_before(std::string_view text, std::uint32_t offset) const;
  std::uint32_t offset_of(std::string_view text, std::uint32_t units) const;

  std::vector<std::uint32_t> starts_;
  std::vector<Mark> marks_;  // one each KiB or so; none in a text of ASCII alone
};

// How many units of the encoding the text takes.
std::uint32_t units(std::string_view text, Encoding encoding);

}  // namespace fleet::lsp
