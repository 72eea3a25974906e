#include "dsl/checks/words.h"

#include <algorithm>
#include <array>
#include <vector>

namespace fleet::checks {
namespace {

using Kind = Symbol::Kind;

// Both words read at once, a letter at a time: which pairs of places are reached. A variable is
// stayed at for any number of letters. No step goes back, so row by row will do.
bool reach_the_end(const Word& left, const Word& right) {
  const std::size_t width = right.size() + 1;
  std::vector<char> row(width);
  std::vector<char> next(width);
  row[0] = 1;
  for (std::size_t i = 0; i <= left.size(); ++i) {
    std::ranges::fill(next, 0);
    const Symbol* const a = i < left.size() ? &left[i] : nullptr;
    const bool stays = a != nullptr && a->kind == Kind::kVariable;
    for (std::size_t j = 0; j < width; ++j) {
      if (row[j] == 0)
        continue;
      const Symbol* const b = j < right.size() ? &right[j] : nullptr;
      if (stays && a->may_be_empty)
        next[j] = 1;
      if (b == nullptr)
        continue;
      const bool other_stays = b->kind == Kind::kVariable;
      if (other_stays && b->may_be_empty)
        row[j + 1] = 1;
      if (a == nullptr || !agree(*a, *b))
        continue;
      next[j + 1] = 1;
      if (stays)
        row[j + 1] = 1;
      if (other_stays)
        next[j] = 1;
    }
    if (i < left.size())
      row.swap(next);
  }
  return row.back() != 0;
}

struct Times {
  int variable = 0;
  int more = 0;  // on the left than on the right
  bool may_be_empty = false;
};

// Whether sums of variables, each as often as it occurs more on the left, can make up for what the
// right has more: of one letter, or of all together, where each is at least so long.
bool can_make_up(const std::vector<Times>& times, int wanted, bool of_all) {
  bool positive = false;
  bool negative = false;
  for (const Times& one : times) {
    positive = positive || one.more > 0;
    negative = negative || one.more < 0;
    if (of_all && !one.may_be_empty)
      wanted -= one.more;  // at least one letter
  }
  return wanted == 0 || (wanted > 0 ? positive : negative);
}

void count(std::vector<Times>& times, const Symbol& variable, int sign) {
  auto known = std::ranges::find(times, variable.variable, &Times::variable);
  if (known == times.end())
    known = times.insert(times.end(), {variable.variable, 0, variable.may_be_empty});
  known->more += sign;
}

bool can_count_up(const Word& left, const Word& right) {
  std::vector<Times> more;
  std::array<int, 256> letters{};  // how often more on the right
  int all = 0;
  for (const auto& [word, sign] : {std::pair(&left, 1), std::pair(&right, -1)}) {
    for (const Symbol& symbol : *word) {
      if (symbol.kind == Kind::kVariable) {
        count(more, symbol, sign);
        continue;
      }
      all -= sign;
      if (symbol.kind == Kind::kLetter)
        letters[static_cast<unsigned char>(symbol.letter)] -= sign;
    }
  }
  if (!can_make_up(more, all, true))
    return false;
  return std::ranges::all_of(letters, [&](int wanted) { return can_make_up(more, wanted, false); });
}

}  // namespace

bool equal(const Symbol& a, const Symbol& b) {
  if (a.kind != b.kind)
    return false;
  return a.kind == Kind::kLetter ? a.letter == b.letter : a.variable == b.variable;
}

bool agree(const Symbol& a, const Symbol& b) {
  if (a.kind == Kind::kVariable && b.kind == Kind::kVariable)
    return true;
  if (a.kind == Kind::kVariable)
    return b.kind == Kind::kLetter ? is_kept(b.letter, a.letters) : a.anything;
  if (b.kind == Kind::kVariable)
    return agree(b, a);
  return equal(a, b);
}

bool is_kept(char letter, Letters letters) {
  const bool digit = letter >= '0' && letter <= '9';
  if (digit)
    return true;
  if (letters == Letters::kDigits)
    return false;
  if (letter == '/')
    return letters == Letters::kAny;
  const bool alpha = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
  return alpha || letter == '_' || letter == '-' || letter == '.';
}

// A word that ends meets only what goes on with a '/' or a variable.
bool part_at_once(const Word& left, const Word& right) {
  std::size_t same = 0;
  while (same < left.size() && same < right.size() && equal(left[same], right[same]))
    ++same;
  const auto is_variable = [&](const Word& word) {
    return same < word.size() && word[same].kind == Kind::kVariable;
  };
  if (is_variable(left) || is_variable(right))
    return false;
  if (same < left.size() && same < right.size())
    return true;
  const Word& longer = left.size() > right.size() ? left : right;
  return same < longer.size() && (longer[same].kind != Kind::kLetter || longer[same].letter != '/');
}

char drop_common_beginning(Word& left, Word& right, char before) {
  std::size_t same = 0;
  while (same < left.size() && same < right.size() && equal(left[same], right[same]))
    ++same;
  if (same > 0)
    before = left[same - 1].kind == Kind::kLetter ? left[same - 1].letter : '\0';
  left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(same));
  right.erase(right.begin(), right.begin() + static_cast<std::ptrdiff_t>(same));
  return before;
}

bool may_meet(const Word& left, const Word& right) {
  std::size_t begin = 0;
  while (begin < left.size() && begin < right.size() && equal(left[begin], right[begin]))
    ++begin;
  std::size_t end = 0;
  const std::size_t shorter = std::min(left.size(), right.size());
  while (begin + end < shorter && equal(left[left.size() - 1 - end], right[right.size() - 1 - end]))
    ++end;
  const auto middle = [&](const Word& word) {
    return Word(word.begin() + static_cast<std::ptrdiff_t>(begin),
                word.end() - static_cast<std::ptrdiff_t>(end));
  };
  const Word one = middle(left);
  const Word other = middle(right);
  return can_count_up(one, other) && reach_the_end(one, other);
}

}  // namespace fleet::checks
