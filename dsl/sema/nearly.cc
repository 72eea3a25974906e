#include "dsl/sema/nearly.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "dsl/base/suggest.h"
#include "dsl/sema/reader.h"
#include "dsl/sema/report.h"

namespace fleet::sema {
namespace {

using Kind = ast::Atom::Kind;

// Whether these are the characters of a quantity or of a word that is expected.
bool is_bare(std::string_view text, const std::string& expected) {
  const bool quantity = !text.empty() && ((text[0] >= '0' && text[0] <= '9') || text[0] == '$');
  const bool word = !text.empty() && expected.find(ticked(text)) != std::string::npos;
  return (quantity || word) && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '$' || c == '%' ||
                  c == '/' || c == '.' || c == '_';
         });
}

// The words in backticks, `returns` of "`returns done`" too; not those of an example.
std::vector<std::string> words_in(std::string expected) {
  expected.resize(std::min(expected.find("such as"), expected.size()));
  std::vector<std::string> words;
  for (std::size_t at = expected.find('`'); at != std::string::npos;) {
    const std::size_t end = expected.find('`', at + 1);
    if (end == std::string::npos)
      break;
    std::string word = expected.substr(at + 1, expected.find_first_of(" (`", at + 1) - at - 1);
    if (std::ranges::find(words, word) == words.end())
      words.push_back(std::move(word));
    at = expected.find('`', end + 1);
  }
  return words;
}

}  // namespace

std::optional<Help> quick_help(const ast::Atom& atom, const std::string& expected) {
  const bool list = expected.starts_with("a list");
  if (atom.kind == Kind::kString && !list && !expected.starts_with("text") &&
      atom.parts.size() == 1 && !atom.parts.front().hole &&
      is_bare(atom.parts.front().text, expected)) {
    const std::string& bare = atom.parts.front().text;
    return Help{"without quotes: " + ticked(bare), {{atom.span, bare}}, false};
  }
  if (list && atom.kind == Kind::kString &&
      expected.find("\"command\" passes") == std::string::npos) {
    return Help{"a list stands in brackets",
                {{{atom.span.source, atom.span.begin, atom.span.begin}, "["},
                 {{atom.span.source, atom.span.end, atom.span.end}, "]"}},
                false};
  }
  if (list && atom.kind == Kind::kString)
    return Help{
        "write `[" + atom.text + " passes]`", {{atom.span, "[" + atom.text + " passes]"}}, false};
  if (atom.kind == Kind::kMoney && !atom.per && expected.starts_with("money per ")) {
    const std::string per = expected.substr(10, expected.find(',') - 10);
    return Help{"write " + ticked(atom.text + "/" + per),
                {{{atom.span.source, atom.span.end, atom.span.end}, "/" + per}},
                false};
  }
  if (is_word(atom)) {
    const std::vector<std::string> near = suggest(atom.path.front().text, words_in(expected));
    if (!near.empty())
      return Help{did_you_mean(near), {{atom.span, near.front()}}, near.size() == 1};
  }
  return std::nullopt;
}

}  // namespace fleet::sema
