#include "dsl/checks/unify.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "dsl/base/stop.h"

namespace fleet::checks {
namespace {

using Kind = Symbol::Kind;

// Letters that the engine keeps as they are in a branch name; others it escapes.
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

Symbol letter(char value) {
  Symbol symbol;
  symbol.letter = value;
  return symbol;
}

bool equal(const Symbol& a, const Symbol& b) {
  if (a.kind != b.kind)
    return false;
  return a.kind == Kind::kLetter ? a.letter == b.letter : a.variable == b.variable;
}

// Whether the words differ before any variable, so that no value makes them meet: the common case,
// told apart without a search. A word that ends meets only what goes on with a '/' or a variable.
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

// Nielsen's transformation with backtracking: compare heads; a variable is empty, or begins with
// the other side's head. Each binding settles at least one letter of the common name or removes a
// variable, so that `deepest` bounds the names that are tried; where variables repeat, the
// transformation alone need not end.
class Solver {
 public:
  using Accept = bool (*)(const void* context, const std::map<int, Word>& bindings);

  Solver(int fresh, int deepest, Accept accept, const void* context)
      : fresh_(fresh), deepest_(deepest), accept_(accept), context_(context) {}

  // Whether names were left untried because they lay deeper.
  bool was_cut() const { return cut_; }

  bool solve(Word left, Word right) {
    poll_stop();
    if (++steps_ > kMostSteps || left.size() > kMostSymbols || right.size() > kMostSymbols)
      return false;
    std::size_t same = 0;
    while (same < left.size() && same < right.size() && equal(left[same], right[same]))
      ++same;
    left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(same));
    right.erase(right.begin(), right.begin() + static_cast<std::ptrdiff_t>(same));
    if (left.empty() && right.empty())
      return accept_(context_, bindings_);
    if (left.empty())
      return solve_rest(right);
    if (right.empty())
      return solve_rest(left);
    const Symbol a = left.front();
    const Symbol b = right.front();
    if (a.kind != Kind::kVariable && b.kind != Kind::kVariable)
      return false;
    if (a.kind == Kind::kVariable && a.may_be_empty && try_bindings({{a, {}}}, left, right))
      return true;
    if (b.kind == Kind::kVariable && b.may_be_empty && try_bindings({{b, {}}}, left, right))
      return true;
    if (a.kind == Kind::kVariable && b.kind == Kind::kVariable)
      return solve_both(a, b, left, right);
    return a.kind == Kind::kVariable ? solve_head(a, b, left, right)
                                     : solve_head(b, a, left, right);
  }

 private:
  static constexpr int kMostSteps = 2'000;

  static void substitute(Word& word, const Symbol& variable, const Word& value) {
    Word result;
    for (const Symbol& symbol : word) {
      if (equal(symbol, variable)) {
        result.insert(result.end(), value.begin(), value.end());
      } else {
        result.push_back(symbol);
      }
    }
    word = std::move(result);
  }

  struct Binding {
    Symbol variable;
    Word value;
  };

  bool try_bindings(const std::vector<Binding>& bindings, Word left, Word right) {
    if (depth_ == deepest_) {
      cut_ = true;
      return false;
    }
    std::map<int, Word> saved = bindings_;
    for (const auto& [variable, value] : bindings) {
      for (auto& [known, word] : bindings_)
        substitute(word, variable, value);
      bindings_[variable.variable] = value;
      substitute(left, variable, value);
      substitute(right, variable, value);
    }
    ++depth_;
    const bool solved = solve(std::move(left), std::move(right));
    --depth_;
    if (!solved)
      bindings_ = std::move(saved);
    return solved;
  }

  // Nothing is left on the other side: whatever remains must be empty.
  bool solve_rest(const Word& rest) {
    const Symbol head = rest.front();
    if (head.kind != Kind::kVariable || !head.may_be_empty)
      return false;
    return try_bindings({{head, {}}}, rest, {});
  }

  Symbol fresh(Letters letters, bool may_be_empty) {
    Symbol symbol;
    symbol.kind = Kind::kVariable;
    symbol.variable = fresh_++;
    symbol.letters = letters;
    symbol.may_be_empty = may_be_empty;
    return symbol;
  }

  bool solve_head(const Symbol& variable, const Symbol& head, const Word& left, const Word& right) {
    if (head.kind == Kind::kOpaque || !is_kept(head.letter, variable.letters))
      return false;
    return try_bindings({{variable, {head, fresh(variable.letters, true)}}}, left, right);
  }

  // One of two variables is a beginning of the other.
  bool solve_both(const Symbol& a, const Symbol& b, const Word& left, const Word& right) {
    const Letters common = std::max(a.letters, b.letters);
    const Symbol shared = fresh(common, false);
    const Symbol rest_b = fresh(b.letters, true);
    if (try_bindings({{a, {shared}}, {b, {shared, rest_b}}}, left, right))
      return true;
    const Symbol rest_a = fresh(a.letters, true);
    return try_bindings({{b, {shared}}, {a, {shared, rest_a}}}, left, right);
  }

  std::map<int, Word> bindings_;
  int fresh_;
  int deepest_;
  Accept accept_;
  const void* context_;
  int steps_ = 0;
  int depth_ = 0;
  bool cut_ = false;
};

std::string filled(const Word& word, const std::map<int, Word>& bindings) {
  std::string text;
  for (const Symbol& symbol : word) {
    if (symbol.kind == Kind::kLetter)
      text += symbol.letter;
    if (symbol.kind == Kind::kOpaque)
      text += '?';
    if (symbol.kind != Kind::kVariable)
      continue;
    const auto bound = bindings.find(symbol.variable);
    if (bound != bindings.end()) {
      text += filled(bound->second, bindings);
    } else if (!symbol.may_be_empty) {
      text += symbol.letters == Letters::kDigits ? '1' : 'x';
    }
  }
  return text;
}

struct Question {
  const Word& left;
  const Word& right;
  const std::optional<Different>& differ;
  std::optional<Witness>& answer;
};

bool is_valid_value(const std::string& value) {
  return value.empty() || (is_branch_name(value) && value.find("/-") == std::string::npos);
}

bool accept(const void* context, const std::map<int, Word>& bindings) {
  const Question& question = *static_cast<const Question*>(context);
  Witness witness;
  witness.left = filled(question.left, bindings);
  witness.right = filled(question.right, bindings);
  const auto valid = [](std::string name) {
    std::ranges::replace(name, '?', 'x');
    return is_branch_name(name);
  };
  if (!valid(witness.left) || !valid(witness.right))
    return false;
  for (const Word* word : {&question.left, &question.right}) {
    for (const Symbol& symbol : *word) {
      if (symbol.kind != Kind::kVariable)
        continue;
      std::string value = filled({symbol}, bindings);
      if (!is_valid_value(value))
        return false;
      witness.values[symbol.variable] = std::move(value);
    }
  }
  if (question.differ &&
      filled(question.differ->left, bindings) == filled(question.differ->right, bindings)) {
    return false;
  }
  question.answer = std::move(witness);
  return true;
}

constexpr int kShortest = 8;  // bindings

int first_fresh(const Word& left, const Word& right) {
  int next = 0;
  for (const Word* word : {&left, &right}) {
    for (const Symbol& symbol : *word)
      next = std::max(next, symbol.variable + 1);
  }
  return next;
}

}  // namespace

Word letters(const std::string& text) {
  Word word;
  for (const char one : text)
    word.push_back(letter(one));
  return word;
}

std::optional<Witness> find_conflict(const Word& left, const Word& right,
                                     const std::optional<Different>& differ) {
  if (part_at_once(left, right))
    return std::nullopt;
  std::optional<Witness> answer;
  const Question question{left, right, differ, answer};
  const int fresh = first_fresh(left, right) + 1;
  Symbol rest;
  rest.kind = Kind::kVariable;
  rest.variable = fresh - 1;
  const auto below = [&](Word word) {
    word.push_back(letter('/'));
    word.push_back(rest);
    return word;
  };
  const std::pair<Word, Word> forms[] = {{left, right}, {below(left), right}, {left, below(right)}};
  // Short names first: they are the better witnesses, and found before the long ones are tried.
  const int deepest = 2 * static_cast<int>(left.size() + right.size()) + kShortest;
  for (const auto& [one, other] : forms) {
    for (int depth = kShortest;; depth *= 2) {
      Solver solver(fresh, std::min(depth, deepest), accept, &question);
      if (solver.solve(one, other))
        return answer;
      if (!solver.was_cut() || depth >= deepest)
        break;
    }
  }
  return std::nullopt;
}

bool is_branch_name(const std::string& name) {
  constexpr std::string_view kForbidden = " ~^:?*[\\";
  if (name.empty() || name == "@" || name == "HEAD" || name.front() == '-')
    return false;
  if (name.back() == '.' || name.find("..") != std::string::npos ||
      name.find("@{") != std::string::npos) {
    return false;
  }
  for (const char one : name) {
    const auto byte = static_cast<unsigned char>(one);
    if (byte < 0x20 || byte == 0x7f || kForbidden.find(one) != std::string_view::npos)
      return false;
  }
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = std::string_view(name).substr(begin, end - begin);
    if (part.empty() || part.front() == '.' || part.ends_with(".lock"))
      return false;
    if (end == name.size())
      return true;
    begin = end + 1;
  }
}

}  // namespace fleet::checks
