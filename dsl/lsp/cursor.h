// Where in the grammar an offset stands, in a text that is being typed and so mostly broken: the
// declarations around it, the words of its statement so far, the brackets open in that.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/syntax/tree.h"

namespace fleet::lsp {

struct Cursor {
  enum class Where {
    kNothing,    // in a comment, or where only text of one's own can stand
    kStatement,  // where a statement begins, or its first word is being written
    kHeader,     // of a declaration, after its kind
    kUse,        // after `use`
    kValue,      // right of `=`
    kString,
  };
  Where where = Where::kNothing;
  // The declarations around, outermost first, by kind; the body of a loop is "loop".
  std::vector<std::string> around;
  // Offsets of their bodies' braces, parallel to `around`.
  std::vector<std::uint32_t> bodies;
  // The word that is being written: its part before the offset, and all of it.
  std::string_view prefix;
  std::uint32_t word_begin = 0;
  std::uint32_t word_end = 0;
  // The statement's words, signs and literals before that word, without comments.
  struct Token {
    syntax::NodeKind kind = syntax::NodeKind::kIdent;
    std::string_view text;
    std::uint32_t offset = 0;
  };
  std::vector<Token> before;
  std::string_view key;  // left of `=`
  // Brackets of the statement that are open at the offset, outermost first.
  struct Bracket {
    char open = '(';
    std::string call;          // the dotted name before it, empty for none
    std::size_t token = 0;     // of the bracket, into `before`
    std::size_t argument = 0;  // how many commas stand before the offset
    std::string_view name;     // of the argument, as in `into: …`
  };
  std::vector<Bracket> brackets;
  // kString: what of the string stands before the offset, without its quotes.
  std::string_view string;
  // The statement before this one, for clauses that go on with it: its first and last offset.
  std::uint32_t previous_begin = 0;
  std::uint32_t previous_end = 0;

  std::string_view kind() const { return around.empty() ? std::string_view() : around.back(); }
  bool in_flow() const;
  bool in_pattern() const { return std::ranges::find(around, "pattern") != around.end(); }
  // The n-th token before the word, 0 for the nearest; empty: there is none.
  std::string_view back(std::size_t n) const;
};

Cursor find_cursor(const syntax::Tree& tree, std::uint32_t offset);

}  // namespace fleet::lsp
