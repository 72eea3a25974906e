#include "dsl/lower/script.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace fleet::lower {
namespace {

// What surrounds the current place. A hole is safe in the first three only.
enum class Place { kBare, kDouble, kSingle, kBacktick, kArithmetic, kExpansion };

const char* reason(Place place) {
  switch (place) {
    case Place::kBacktick: return "inside backticks; write `$(…)` instead";
    case Place::kArithmetic: return "inside `$((…))`, which would evaluate it";
    case Place::kExpansion: return "inside `${…}`";
    default: return "";
  }
}

// Walks the text once with a stack of what surrounds the place.
class Rewriter {
 public:
  explicit Rewriter(const std::vector<Unit>& units) : units_(units) {}

  Script run() {
    while (at_ < units_.size())
      step();
    end_word();
    if (stack_.size() > 1) {
      const Unit& last = units_[opened_.back()];
      script_.problems.push_back({last.span, false, "what begins here is never closed"});
    }
    const std::vector<ScriptProblem> reparsed = find_reparsed(words_);
    script_.problems.insert(script_.problems.end(), reparsed.begin(), reparsed.end());
    return std::move(script_);
  }

 private:
  Place place() const { return stack_.back(); }
  bool next_is(std::size_t ahead, char letter) const {
    const std::size_t index = at_ + ahead;
    return index < units_.size() && !units_[index].hole && units_[index].letter == letter;
  }
  bool hole_follows() const { return at_ + 1 < units_.size() && units_[at_ + 1].hole; }

  void copy(std::size_t count = 1) {
    for (std::size_t i = 0; i < count && at_ < units_.size(); ++i)
      script_.text += units_[at_++].letter;
  }
  void push(Place next, std::size_t count) {
    opened_.push_back(at_);
    stack_.push_back(next);
    copy(count);
  }
  void pop(std::size_t count = 1) {
    stack_.pop_back();
    opened_.pop_back();
    copy(count);
  }
  void bad(const std::string& why) { script_.problems.push_back({units_[at_].span, true, why}); }

  void step() {
    const Unit& unit = units_[at_];
    if (unit.hole) {
      write_hole(unit);
      return;
    }
    switch (place()) {
      case Place::kBare: step_bare(unit.letter); return;
      case Place::kDouble: step_double(unit.letter); return;
      case Place::kSingle:
        if (unit.letter != '\'')
          word_.units.push_back(unit);
        unit.letter == '\'' ? pop() : copy();
        return;
      case Place::kBacktick:
        if (unit.letter == '\\')
          escape();
        else
          unit.letter == '`' ? pop() : copy();
        return;
      case Place::kArithmetic:
        if (unit.letter == ')' && next_is(1, ')'))
          pop(2);
        else
          copy();
        return;
      case Place::kExpansion: step_expansion(unit.letter); return;
    }
  }

  void step_bare(char letter) {
    switch (letter) {
      case '\\': escape(); return;
      case '\'': open_quote(Place::kSingle); return;
      case '"': open_quote(Place::kDouble); return;
      case '`': push(Place::kBacktick, 1); return;
      case '$': dollar(); return;
      case '(':
        end_word();
        push(Place::kBare, 1);
        return;
      case ')':
        end_word();
        stack_.size() > 1 ? pop() : copy();
        return;
      case '#':
        if (!in_word_)
          skip_comment();
        else
          add_letter();
        return;
      case '<':
        if (next_is(1, '<'))
          murky_ = "after `<<`, which would read it as text of a script";
        end_word();
        copy();
        return;
      case ' ':
      case '\t':
      case '\n':
      case ';':
      case '&':
      case '|':
      case '>':
        end_word();
        copy();
        return;
      default: add_letter(); return;
    }
  }

  void step_double(char letter) {
    if (letter == '"')
      pop();
    else if (letter == '\\')
      escape();
    else if (letter == '`')
      push(Place::kBacktick, 1);
    else if (letter == '$')
      dollar();
    else
      add_letter();
  }

  void step_expansion(char letter) {
    if (letter == '}')
      pop();
    else if (letter == '\\')
      escape();
    else if (letter == '\'')
      push(Place::kSingle, 1);
    else if (letter == '"')
      push(Place::kDouble, 1);
    else
      copy();
  }

  void open_quote(Place quote) {
    in_word_ = true;
    push(quote, 1);
  }

  void add_letter() {
    in_word_ = true;
    word_.units.push_back(units_[at_]);
    copy();
  }

  void escape() {
    in_word_ = true;
    if (hole_follows()) {
      ++at_;
      bad("after a backslash");
      --at_;
    }
    copy();
    if (at_ < units_.size() && !units_[at_].hole)
      add_letter();
  }

  void dollar() {
    in_word_ = true;
    if (next_is(1, '(') && next_is(2, '('))
      push(Place::kArithmetic, 3);
    else if (next_is(1, '('))
      push(Place::kBare, 2);
    else if (next_is(1, '{'))
      push(Place::kExpansion, 2);
    else {
      if (next_is(1, '\'') && place() == Place::kBare)
        murky_ = "after `$'`";
      if (hole_follows()) {
        ++at_;
        bad("right after `$`; a hole needs none, and `${{x}}` is the shell's own variable");
        --at_;
      }
      copy();
    }
  }

  void skip_comment() {
    while (at_ < units_.size() && (units_[at_].hole || units_[at_].letter != '\n')) {
      if (!units_[at_].hole)
        script_.text += units_[at_].letter;
      ++at_;
    }
  }

  void write_hole(const Unit& unit) {
    in_word_ = true;
    word_.units.push_back(unit);
    for (const Place around : stack_) {
      if (*reason(around) == '\0')
        continue;
      bad(reason(around));
      ++at_;
      return;
    }
    if (!murky_.empty())
      bad(murky_);
    const std::string parameter = "${" + std::to_string(number_of(unit.name)) + "}";
    if (place() == Place::kBare)
      script_.text += "\"" + parameter + "\"";
    if (place() == Place::kDouble)
      script_.text += parameter;
    if (place() == Place::kSingle)
      script_.text += "'\"" + parameter + "\"'";
    ++at_;
  }

  std::size_t number_of(const std::string& name) {
    const auto known = std::ranges::find(script_.holes, name);
    const auto index = static_cast<std::size_t>(known - script_.holes.begin());
    if (known == script_.holes.end())
      script_.holes.push_back(name);
    return index + 1;
  }

  void end_word() {
    if (!in_word_)
      return;
    // A `)` of a `case` inside `$(…)` looks like its end: what follows can't be told from here.
    if (word_.literal() == "case" && stack_.size() > 1)
      murky_ = "after `case` inside parentheses";
    words_.push_back(std::move(word_));
    word_ = {};
    in_word_ = false;
  }

  const std::vector<Unit>& units_;
  std::size_t at_ = 0;
  std::vector<Place> stack_{Place::kBare};
  std::vector<std::size_t> opened_;
  std::vector<Word> words_;
  Word word_;
  bool in_word_ = false;
  std::string murky_;  // not empty: from here on a hole's surroundings are not known, and why
  Script script_;
};

bool is_shell(const Word& word) {
  constexpr std::array<std::string_view, 5> kShells{"sh", "bash", "dash", "ksh", "zsh"};
  const std::string text = word.literal();
  const std::string name = text.substr(text.find_last_of('/') + 1);
  return std::ranges::find(kShells, name) != kShells.end();
}

bool is_script_option(const std::string& text) {
  return text.size() >= 2 && text[0] == '-' && text[1] != '-' &&
         text.find('c') != std::string::npos;
}

}  // namespace

bool Word::has_hole() const {
  return std::ranges::any_of(units, &Unit::hole);
}

std::string Word::literal() const {
  std::string text;
  for (const Unit& unit : units) {
    if (!unit.hole)
      text += unit.letter;
  }
  return text;
}

std::vector<ScriptProblem> find_reparsed(const std::vector<Word>& words) {
  std::vector<ScriptProblem> problems;
  const auto blame = [&](const Word& word, const char* why) {
    const auto hole = std::ranges::find_if(word.units, &Unit::hole);
    if (hole != word.units.end())
      problems.push_back({hole->span, true, why});
  };
  bool shell = false;
  bool script = false;
  bool evaluated = false;
  for (const Word& word : words) {
    const std::string text = word.literal();
    if (script)
      blame(word, "in the script of an inner shell, which would read it as shell");
    if (evaluated)
      blame(word, "after `eval`, which would read it as shell");
    script = shell && is_script_option(text);
    shell = is_shell(word) || (shell && !script && !text.empty() && text[0] == '-');
    evaluated = evaluated || text == "eval";
  }
  return problems;
}

Script rewrite(const std::vector<Unit>& units) {
  return Rewriter(units).run();
}

}  // namespace fleet::lower
