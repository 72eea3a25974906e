#include "dsl/lower/script.h"

#include <algorithm>
#include <cctype>
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

constexpr std::string_view kReserved = "fleet_hole_";

bool is_name_letter(char letter) {
  return letter == '_' || std::isalnum(static_cast<unsigned char>(letter)) != 0;
}

// The first place at which the text names one of the variables that hold the holes.
const Unit* find_reserved(const std::vector<Unit>& units) {
  std::size_t begin = 0;  // of the name at hand
  for (std::size_t at = 0; at < units.size(); ++at) {
    if (units[at].hole || !is_name_letter(units[at].letter)) {
      begin = at + 1;
      continue;
    }
    const std::size_t length = at - begin;
    if (length >= kReserved.size() || units[at].letter != kReserved[length])
      begin = units.size();
    else if (length + 1 == kReserved.size())
      return &units[begin];
  }
  return nullptr;
}

// Walks the text once with a stack of what surrounds the place.
class Rewriter {
 public:
  explicit Rewriter(const std::vector<Unit>& units) : units_(units) {}

  Script run() {
    while (at_ < units_.size())
      step();
    end_command();
    if (stack_.size() > 1) {
      const Unit& last = units_[opened_.back()];
      script_.problems.push_back({last.span, false, "what begins here is never closed"});
    }
    save_holes();
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
          inner_.word.units.push_back(unit);
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
      case '`': backtick(); return;
      case '$': dollar(); return;
      case '(':
        end_command();
        open_commands(1);
        return;
      case ')': close_commands(); return;
      case '#':
        if (!inner_.in_word)
          skip_comment();
        else
          add_letter();
        return;
      case '<':
        if (next_is(1, '<'))
          murky_ = "after `<<`, which would read it as text of a script";
        redirect();
        return;
      case '>': redirect(); return;
      case ' ':
      case '\t':
        end_word();
        copy();
        return;
      case '\n':
      case ';':
      case '&':
      case '|':
        end_command();
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
      backtick();
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

  // What a command's words are is known once what it is made of is: `x$(…)y` is one word around
  // commands of their own.
  void open_commands(std::size_t letters) {
    outer_.push_back(std::exchange(inner_, {}));
    push(Place::kBare, letters);
  }

  void close_commands() {
    end_command();
    if (stack_.size() == 1) {
      copy();
      return;
    }
    inner_ = std::move(outer_.back());
    outer_.pop_back();
    pop();
  }

  // The word that follows is no argument, nor is a number right before.
  void redirect() {
    const auto digit = [](const Unit& unit) {
      return !unit.hole && std::isdigit(static_cast<unsigned char>(unit.letter)) != 0;
    };
    if (!inner_.word.expanded && std::ranges::all_of(inner_.word.units, digit))
      drop_word();
    end_word();
    copy();
    while (next_is(0, '>') || next_is(0, '<') || next_is(0, '&') || next_is(0, '|'))
      copy();
    inner_.redirected = true;
  }

  void open_quote(Place quote) {
    inner_.in_word = true;
    push(quote, 1);
  }

  void add_letter() {
    inner_.in_word = true;
    inner_.word.units.push_back(units_[at_]);
    copy();
  }

  void backtick() {
    inner_.in_word = true;
    inner_.word.expanded = true;
    push(Place::kBacktick, 1);
  }

  void escape() {
    if (next_is(1, '\n') && place() != Place::kBacktick) {
      copy(2);
      return;
    }
    inner_.in_word = true;
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
    inner_.in_word = true;
    inner_.word.expanded = true;
    if (next_is(1, '(') && next_is(2, '('))
      push(Place::kArithmetic, 3);
    else if (next_is(1, '('))
      open_commands(2);
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
    inner_.in_word = true;
    inner_.word.units.push_back(unit);
    for (const Place around : stack_) {
      if (*reason(around) == '\0')
        continue;
      bad(reason(around));
      ++at_;
      return;
    }
    if (!murky_.empty())
      bad(murky_);
    const std::string value = "${" + variable(number_of(unit.name)) + "}";
    if (place() == Place::kBare)
      script_.text += "\"" + value + "\"";
    if (place() == Place::kDouble)
      script_.text += value;
    if (place() == Place::kSingle)
      script_.text += "'\"" + value + "\"'";
    ++at_;
  }

  std::size_t number_of(std::string_view name) {
    const auto known = std::ranges::find(script_.holes, name);
    const auto index = static_cast<std::size_t>(known - script_.holes.begin());
    if (known == script_.holes.end())
      script_.holes.emplace_back(name);
    return index + 1;
  }

  static std::string variable(std::size_t number) {
    return std::string(kReserved) + std::to_string(number);
  }

  void save_holes() {
    if (script_.holes.empty())
      return;
    if (const Unit* named = find_reserved(units_))
      script_.problems.push_back(
          {named->span, false, "variables that begin with `fleet_hole_` hold what fills holes"});
    std::string saved = "readonly";
    for (std::size_t number = 1; number <= script_.holes.size(); ++number)
      saved += " " + variable(number) + "=\"${" + std::to_string(number) + "}\"";
    script_.text.insert(0, saved + "; ");
  }

  void drop_word() {
    inner_.word = {};
    inner_.in_word = false;
  }

  void end_word() {
    if (!inner_.in_word)
      return;
    // A `)` of a `case` inside `$(…)` looks like its end: what follows can't be told from here.
    if (inner_.word.literal() == "case" && stack_.size() > 1)
      murky_ = "after `case` inside parentheses";
    if (!std::exchange(inner_.redirected, false))
      inner_.words.push_back(std::move(inner_.word));
    drop_word();
  }

  void end_command() {
    end_word();
    const std::vector<ScriptProblem> reread = find_reread(inner_.words);
    script_.problems.insert(script_.problems.end(), reread.begin(), reread.end());
    inner_ = {};
  }

  // A command of which a part has been read.
  struct Begun {
    std::vector<Word> words;
    Word word;
    bool in_word = false;
    bool redirected = false;  // the next word is where to
  };

  const std::vector<Unit>& units_;
  std::size_t at_ = 0;
  std::vector<Place> stack_{Place::kBare};
  std::vector<std::size_t> opened_;
  Begun inner_;
  std::vector<Begun> outer_;  // those around it
  std::string murky_;  // not empty: from here on a hole's surroundings are not known, and why
  Script script_;
};

}  // namespace

Script rewrite(const std::vector<Unit>& units) {
  return Rewriter(units).run();
}

}  // namespace fleet::lower
