// Can two branch templates give names that can't exist together? Templates are words over letters
// and variables; the question is a word equation, answered with a witness, with a proof that there
// is none, or, where variables repeat and the search has a bound, not at all. Exact where no
// variable occurs twice.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fleet::checks {

// What may stand for a variable, each class within the one before.
enum class Letters : std::uint8_t { kAny, kNoSlash, kDigits };

struct Symbol {
  enum class Kind : std::uint8_t {
    kLetter,
    kVariable,
    kOpaque  // a text unknown before the run, equal to itself only: {run}, {date}
  };
  Kind kind = Kind::kLetter;
  char letter = 0;
  Letters letters = Letters::kAny;
  bool may_be_empty = false;
  bool of_flow = false;   // kVariable: the same value in every step, as a parameter has
  bool anything = false;  // kVariable: what only the run knows may be a part of it
  int variable = 0;       // kVariable, kOpaque
};
using Word = std::vector<Symbol>;

Word letters(const std::string& text);

struct Witness {
  std::map<int, std::string> values;  // of variables
  std::string left;
  std::string right;  // equal to `left`, or one is a directory of the other
};

// Values are such that both names are valid branches. An opaque text shows as '?'. `differ`: two
// variables that must not get the same value (negative: none).
struct Different {
  Word left;
  Word right;
};
// Longer words are not compared.
inline constexpr std::size_t kMostSymbols = 600;

// What questions may cost together, but for what is always tried. A step is one name that is tried
// further, some 10 µs.
struct Effort {
  std::size_t steps = 20'000;  // left
  // That a question was left open: neither a witness was found, nor that there is none.
  bool open = false;
};
std::optional<Witness> find_conflict(const Word& left, const Word& right,
                                     const std::optional<Different>& differ, Effort& effort);
std::optional<Witness> find_conflict(const Word& left, const Word& right,
                                     const std::optional<Different>& differ = std::nullopt);

// Whether git takes the name as a branch (git check-ref-format --branch).
bool is_branch_name(const std::string& name);

}  // namespace fleet::checks
