// What a string says: its quotes and escapes taken away, its holes found. Private to dsl/syntax.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/syntax/ast.h"

namespace fleet::syntax {

// A mistake inside a string, at [begin, end) of the source.
struct StringProblem {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::string message;
  std::string label;
  std::string help;         // empty: none
  std::string replacement;  // for [begin, end), if the help is an edit
};

struct StringReading {
  std::vector<ast::StringPart> parts;  // adjacent literal pieces are one part; none for ""
  std::vector<StringProblem> problems;
  bool closed = true;
};

// "…": escapes \\ \" \n \t \u{hex}. `written` is the token with its quotes, which begins at `at`.
StringReading read_string(std::string_view written, Span at);

// """…""": a backslash is a backslash. When the text begins on the line below the quotes, that
// newline, the last one before the closing quotes and the indentation that all lines share do not
// count.
StringReading read_block_string(std::string_view written, Span at);

}  // namespace fleet::syntax
