#include "dsl/lower/command.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "dsl/lower/script.h"

namespace fleet::lower {
namespace {

std::vector<Unit> units_of(const sema::Text& text) {
  std::size_t count = 0;
  for (const sema::Piece& piece : text.pieces)
    count += piece.hole ? 1 : piece.text.size();
  std::vector<Unit> units;
  units.reserve(count);
  for (const sema::Piece& piece : text.pieces) {
    if (piece.hole) {
      units.push_back({0, true, piece.text, piece.span});
      continue;
    }
    for (const char letter : piece.text)
      units.push_back({letter, false, {}, piece.span});
  }
  return units;
}

bool is_blank(char letter) {
  return letter == ' ' || letter == '\t';
}

// What only a shell can run: words that are no programs.
bool is_shell_word(std::string_view word) {
  constexpr std::array<std::string_view, 33> kWords{
      ".",    ":",       "!",        "{",      "}",     "alias", "bg",     "break", "case",
      "cd",   "command", "continue", "eval",   "exec",  "exit",  "export", "for",   "hash",
      "if",   "read",    "readonly", "return", "set",   "shift", "source", "times", "trap",
      "type", "ulimit",  "umask",    "unset",  "until", "while"};
  return std::ranges::find(kWords, word) != kWords.end();
}

// Splits where no shell is needed; nullopt: one is needed, or a quote is not closed.
class Splitter {
 public:
  explicit Splitter(const std::vector<Unit>& units) : units_(units) {}

  std::optional<std::vector<Word>> run() {
    for (const Unit& unit : units_) {
      if (!take(unit))
        return std::nullopt;
    }
    if (quote_ != 0)
      return std::nullopt;
    end_word();
    if (!words_.empty() && is_shell_word(words_.front().literal()))
      return std::nullopt;
    return std::move(words_);
  }

 private:
  bool take(const Unit& unit) {
    if (unit.hole) {
      add(unit);
      return true;
    }
    const char letter = unit.letter;
    if (quote_ != 0)
      return take_quoted(unit);
    if (is_blank(letter)) {
      end_word();
      return true;
    }
    if (letter == '\'' || letter == '"') {
      quote_ = letter;
      in_word_ = true;
      return true;
    }
    if (std::string_view("|&;<>()$`\\*?[\n\r").find(letter) != std::string_view::npos)
      return false;
    if (!in_word_ && (letter == '#' || letter == '~'))
      return false;
    if (letter == '=' && words_.empty())
      return false;
    add(unit);
    return true;
  }

  bool take_quoted(const Unit& unit) {
    if (unit.letter == quote_) {
      quote_ = 0;
      return true;
    }
    const bool special = unit.letter == '$' || unit.letter == '`' || unit.letter == '\\';
    if (quote_ == '"' && special)
      return false;
    add(unit);
    return true;
  }

  void add(const Unit& unit) {
    in_word_ = true;
    word_.units.push_back(unit);
  }

  void end_word() {
    if (!in_word_)
      return;
    words_.push_back(std::move(word_));
    word_ = {};
    in_word_ = false;
  }

  const std::vector<Unit>& units_;
  std::vector<Word> words_;
  Word word_;
  bool in_word_ = false;
  char quote_ = 0;
};

plan::Template template_of(const Word& word) {
  plan::Template segments;
  for (const Unit& unit : word.units) {
    if (unit.hole) {
      segments.push_back({true, std::string(unit.name)});
    } else if (!segments.empty() && !segments.back().hole) {
      segments.back().text += unit.letter;
    } else {
      segments.push_back({false, std::string(1, unit.letter)});
    }
  }
  if (segments.empty())
    segments.push_back({false, ""});
  return segments;
}

plan::Template literal(std::string text) {
  return {{false, std::move(text)}};
}

void add_problems(CompiledCommand& compiled, const std::vector<ScriptProblem>& problems) {
  for (const ScriptProblem& problem : problems) {
    if (problem.hole) {
      compiled.problems.push_back({problem.span, "F203", "a hole can't stand " + problem.message,
                                   "a hole is one argument, never a part of a script"});
    } else {
      compiled.problems.push_back(
          {problem.span, "F202", "unreadable command: " + problem.message, ""});
    }
  }
}

void compile_script(const std::vector<Unit>& units, CompiledCommand& compiled) {
  const Script script = rewrite(units);
  add_problems(compiled, script.problems);
  std::vector<plan::Template>& argv = compiled.command.argv;
  argv = {literal("/bin/sh"), literal("-c"), literal(script.text)};
  if (script.holes.empty())
    return;
  argv.push_back(literal("sh"));
  for (const std::string& hole : script.holes)
    argv.push_back({{true, hole}});
}

}  // namespace

CompiledCommand compile_command(const sema::Text& text) {
  CompiledCommand compiled;
  compiled.command.text = sema::to_string(text);
  const std::vector<Unit> units = units_of(text);
  const auto blank = [](const Unit& unit) {
    return !unit.hole && (is_blank(unit.letter) || unit.letter == '\n');
  };
  if (std::ranges::all_of(units, blank)) {
    compiled.problems.push_back({text.span, "F202", "the command is empty", ""});
    return compiled;
  }
  const std::optional<std::vector<Word>> words = Splitter(units).run();
  if (!words) {
    compile_script(units, compiled);
    return compiled;
  }
  add_problems(compiled, find_reread(*words));
  for (const Word& word : *words)
    compiled.command.argv.push_back(template_of(word));
  return compiled;
}

}  // namespace fleet::lower
