#include "dsl/checks/unify.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "dsl/base/stop.h"
#include "dsl/checks/words.h"

namespace fleet::checks {
namespace {

using Kind = Symbol::Kind;

Symbol letter(char value) {
  Symbol symbol;
  symbol.letter = value;
  return symbol;
}

// Of variables; a value may have further variables in it.
using Bindings = std::map<int, Word>;

// Nielsen's transformation with backtracking: compare heads; a variable is empty, or begins with
// the other side's head. Each binding settles at least one letter of the common name or removes a
// variable, so that `deepest` bounds the names that are tried; where variables repeat, the
// transformation alone need not end. What `may_meet` rules out is not tried, so that it hardly ever
// turns back where they do not.
class Solver {
 public:
  using Accept = bool (*)(const void* context, const Bindings& bindings);

  Solver(int fresh, int deepest, std::size_t steps, Accept accept, const void* context)
      : fresh_(fresh),
        values_end_(fresh - 1),
        deepest_(deepest),
        steps_(steps),
        accept_(accept),
        context_(context) {}

  // Whether names were left untried because they lay deeper, or for want of steps.
  bool was_cut() const { return cut_; }
  std::size_t steps_left() const { return steps_; }

  // `before` is the letter that both have before these; 0: none, or a variable.
  bool solve(Word left, Word right, char before = 0) {
    poll_stop();
    if (steps_ == 0 || left.size() > kMostSymbols || right.size() > kMostSymbols) {
      cut_ = true;
      return false;
    }
    --steps_;
    if (is_refused(left, before) || is_refused(right, before))
      return false;
    before = drop_common_beginning(left, right, before);
    if (left.empty() && right.empty())
      return accept_(context_, bindings_);
    if (!may_meet(left, right))
      return false;
    before_ = before;
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
  static void substitute(Word& word, const Symbol& variable, const Word& value) {
    if (std::ranges::none_of(word, [&](const Symbol& one) { return equal(one, variable); }))
      return;
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
    for (const auto& [variable, value] : bindings) {
      bindings_[variable.variable] = value;
      substitute(left, variable, value);
      substitute(right, variable, value);
    }
    ++depth_;
    const char before = before_;
    const bool solved = solve(std::move(left), std::move(right), before);
    before_ = before;
    --depth_;
    if (!solved) {
      for (const Binding& binding : bindings)
        bindings_.erase(binding.variable.variable);
    }
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
    if (!agree(variable, head))
      return false;
    const bool parts = head.kind == Kind::kLetter && (head.letter == '/' || head.letter == '.');
    const bool begins = variable.variable < values_end_;
    if (begins && (parts || head.letter == '-'))
      return false;
    Symbol rest = fresh(variable.letters, !parts);
    rest.anything = variable.anything;
    return try_bindings({{variable, {head, rest}}}, left, right);
  }

  // Whether git takes no name with two such letters in it; found here, it costs no search for the
  // letters behind them.
  static bool is_refused(const Word& word, char before) {
    for (const Symbol& symbol : word) {
      const char next = symbol.kind == Kind::kLetter ? symbol.letter : '\0';
      if ((before == '/' || before == '.') && next == before)
        return true;
      if (before == '/' && next == '.')
        return true;
      before = next;
    }
    return false;
  }

  // One of two variables is a beginning of the other.
  bool solve_both(const Symbol& a, const Symbol& b, const Word& left, const Word& right) {
    const Letters common = std::max(a.letters, b.letters);
    const Symbol shared = fresh(common, false);
    Symbol rest_b = fresh(b.letters, true);
    rest_b.anything = b.anything;
    if (try_bindings({{a, {shared}}, {b, {shared, rest_b}}}, left, right))
      return true;
    Symbol rest_a = fresh(a.letters, true);
    rest_a.anything = a.anything;
    return try_bindings({{b, {shared}}, {a, {shared, rest_a}}}, left, right);
  }

  Bindings bindings_;
  int fresh_;
  int values_end_;  // variables below it are whole values, which begin and end like a name
  int deepest_;
  std::size_t steps_;
  Accept accept_;
  const void* context_;
  int depth_ = 0;
  char before_ = 0;
  bool cut_ = false;
};

std::string filled(const Word& word, const Bindings& bindings) {
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

bool accept(const void* context, const Bindings& bindings) {
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
// Of the steps of one search: for short names, for those with alike parameters, and for each
// further depth.
constexpr std::size_t kFirst = 200;
constexpr std::size_t kAlike = 2'000;
constexpr std::size_t kFurther = 500;

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

namespace {

// The words' own variables, each with how often they have it.
std::map<int, int> occurrences(const Word& left, const Word& right) {
  std::map<int, int> counts;
  for (const Word* word : {&left, &right}) {
    for (const Symbol& symbol : *word) {
      if (symbol.kind == Kind::kVariable)
        ++counts[symbol.variable];
    }
  }
  return counts;
}

// One search after another for names that are one, or one below the other.
class Search {
 public:
  Search(const Question& question, Effort& effort)
      : question_(question), effort_(effort), counts_(occurrences(question.left, question.right)) {
    repeats_ = std::ranges::any_of(counts_, [](const auto& one) { return one.second > 1; });
  }

  bool run() {
    const int fresh = first_fresh(question_.left, question_.right) + 1;
    Symbol rest;
    rest.kind = Kind::kVariable;
    rest.anything = true;
    rest.variable = fresh - 1;
    const auto below = [&](Word word) {
      word.push_back(letter('/'));
      word.push_back(rest);
      return word;
    };
    const Word& left = question_.left;
    const Word& right = question_.right;
    return find(left, right, fresh) || find(below(left), right, fresh) ||
           find(left, below(right), fresh);
  }

 private:
  // Short names first: they are the better witnesses, and found before the long ones are tried.
  bool find(const Word& one, const Word& other, int fresh) {
    if (!may_meet(one, other))
      return false;
    if (find_up_to(one, other, fresh, kShortest, kFirst))
      return true;
    if (!cut_)
      return false;
    if (repeats_ && find_with_alike(one, other, fresh))
      return true;
    const int deepest = 2 * static_cast<int>(one.size() + other.size()) + kShortest;
    for (int depth = 2 * kShortest;; depth *= 2) {
      if (find_up_to(one, other, fresh, std::min(depth, deepest), kFurther))
        return true;
      if (!cut_)
        return false;
      if (depth >= deepest)
        break;
    }
    // Where each occurs once, no name lies deeper.
    effort_.open = effort_.open || repeats_ || starved_;
    return false;
  }

  // A dozen parameters that repeat have too many values to try. Most that can meet at all do so
  // where all of these are the same, and without them no variable repeats.
  bool find_with_alike(Word one, Word other, int fresh) {
    bound_.clear();
    for (Word* word : {&one, &other}) {
      for (Symbol& symbol : *word) {
        if (symbol.kind != Kind::kVariable || counts_[symbol.variable] < 2)
          continue;
        const Symbol value = letter(symbol.letters == Letters::kDigits ? '1' : 'x');
        bound_[symbol.variable] = {value};
        symbol = value;
      }
    }
    const int deepest = 2 * static_cast<int>(one.size() + other.size()) + kShortest;
    const bool found = may_meet(one, other) && find_up_to(one, other, fresh, deepest, kAlike);
    bound_.clear();
    cut_ = true;
    return found;
  }

  bool find_up_to(const Word& one, const Word& other, int fresh, int depth, std::size_t steps) {
    // Without repeated variables a search hardly turns back, and is not worth saving at.
    const bool counts = repeats_ && bound_.empty();
    const std::size_t most = counts ? std::min(effort_.steps, steps) : kAlike;
    const auto accepted = [](const void* context, const Bindings& bindings) {
      const Search& search = *static_cast<const Search*>(context);
      Bindings all = bindings;
      all.insert(search.bound_.begin(), search.bound_.end());
      return accept(&search.question_, all);
    };
    Solver solver(fresh, depth, most, accepted, this);
    const bool found = solver.solve(one, other);
    effort_.steps -= counts ? most - solver.steps_left() : 0;
    cut_ = solver.was_cut();
    starved_ = solver.steps_left() == 0;
    return found;
  }

  const Question& question_;
  Effort& effort_;
  std::map<int, int> counts_;
  Bindings bound_;
  bool repeats_ = false;
  bool cut_ = false;      // the last search left names untried
  bool starved_ = false;  // for want of steps
};

}  // namespace

std::optional<Witness> find_conflict(const Word& left, const Word& right,
                                     const std::optional<Different>& differ, Effort& effort) {
  if (left.size() > kMostSymbols || right.size() > kMostSymbols) {
    effort.open = true;
    return std::nullopt;
  }
  if (part_at_once(left, right))
    return std::nullopt;
  std::optional<Witness> answer;
  const Question question{left, right, differ, answer};
  if (Search(question, effort).run())
    return answer;
  return std::nullopt;
}

std::optional<Witness> find_conflict(const Word& left, const Word& right,
                                     const std::optional<Different>& differ) {
  Effort effort;
  return find_conflict(left, right, differ, effort);
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
