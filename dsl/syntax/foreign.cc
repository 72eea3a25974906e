#include "dsl/syntax/foreign.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "dsl/syntax/lookahead.h"

namespace fleet::syntax {
namespace {

constexpr std::array<std::string_view, 5> kImportWords{"import", "export", "include", "require",
                                                       "from"};
constexpr std::array<std::string_view, 22> kStatementWords{
    "try",      "if",      "for",   "foreach", "while",  "switch", "match", "parallel",
    "sequence", "serial",  "do",    "return",  "throw",  "raise",  "steps", "unless",
    "repeat",   "forever", "catch", "finally", "assert", "else"};
constexpr std::array<std::string_view, 8> kFurtherBranches{"else", "catch",  "finally", "except",
                                                           "elif", "rescue", "elsif",   "or"};
constexpr std::array<std::string_view, 12> kBindingWords{
    "let", "const", "var", "val", "step", "def", "auto", "mut", "node", "stage", "await", "set"};
constexpr std::array<std::string_view, 11> kNoNames{"import",  "export",  "from",    "use",
                                                    "as",      "include", "require", "const",
                                                    "default", "type",    "std"};
constexpr std::size_t kMostBraces = 512;        // bytes of `{…}` where a value is wanted
constexpr std::size_t kMostStatement = 65'536;  // bytes of a foreign statement
constexpr int kMostLines = 16;                  // of a string that runs on

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

std::string_view word_at(std::string_view text, std::size_t at) {
  return text.substr(at, skip_name(text, at) - at);
}

char byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? text[at] : '\0';
}

bool stands_at(std::string_view text, std::size_t at, std::string_view what) {
  return at <= text.size() && text.substr(at, what.size()) == what;
}

// After a string of one line that begins at `at`.
std::size_t skip_one_line_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == quote)
      return at + 1;
    at += text[at] == '\\' && byte_at(text, at + 1) != '\n' ? 1U : 0U;
  }
  return std::min(at, text.size());
}

// After the bracket that closes the one at `at`; npos: not within that many bytes.
std::size_t skip_bracket(std::string_view text, std::size_t at, std::size_t most) {
  int depth = 0;
  const std::size_t end = std::min(text.size(), at + most);
  while (at < end) {
    const char c = text[at];
    if (c == '"') {
      at = skip_one_line_string(text, at);
      continue;
    }
    ++at;
    depth += c == '(' || c == '[' || c == '{' ? 1 : 0;
    depth -= c == ')' || c == ']' || c == '}' ? 1 : 0;
    if (depth == 0)
      return at;
  }
  return std::string_view::npos;
}

std::size_t skip_dotted(std::string_view text, std::size_t at) {
  at = skip_name(text, at);
  while (byte_at(text, at) == '.' && skip_name(text, at + 1) > at + 1)
    at = skip_name(text, at + 1);
  return at;
}

constexpr bool is_space(char c) {
  return is_blank(c) || c == '\n';
}

// The first character that is no blank and no line end.
std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at]))
    ++at;
  return at;
}

std::size_t column_of(std::string_view text, std::size_t at) {
  const std::size_t newline = text.rfind('\n', at);
  return newline == std::string_view::npos ? at : at - newline - 1;
}

// `use std.roles` and then what this language does not have.
bool foreign_use(std::string_view text) {
  std::size_t at = skip_blanks(text, 3);
  if (byte_at(text, at) == '"' || at == 3)
    return false;
  at = skip_dotted(text, at);
  const std::size_t gap = skip_blanks(text, at);
  const char next = byte_at(text, gap);
  const bool slash = stands_at(text, at, "/") && !stands_at(text, at, "//");
  if (stands_at(text, at, "::") || slash || stands_at(text, at, ".{") ||
      stands_at(text, at, ".*") || next == '{' || next == '[' || word_at(text, gap) == "from")
    return true;
  const std::string_view line = text.substr(gap, text.find('\n', gap) - gap);
  return next == '(' && line.find(';') < line.find(')');
}

// `key:` and below it, further right, `other: value` or `- item`: an outline, as YAML has it.
bool outline_ahead(std::string_view text, std::size_t end) {
  const std::size_t colon = skip_blanks(text, end);
  const std::size_t line_end = skip_blanks(text, colon + 1);
  if (end == 0 || byte_at(text, colon) != ':' || byte_at(text, line_end) != '\n')
    return false;
  const std::size_t next = skip_space(text, line_end);
  if (stands_at(text, next, "- "))
    return true;
  const std::size_t name = skip_name(text, next);
  return name > next && byte_at(text, name) == ':' && is_space(byte_at(text, name + 1));
}

// The scan over a foreign statement.
class Extent {
 public:
  Extent(std::string_view whole, std::size_t statement_column)
      : text_(whole), column_(statement_column) {}

  // Its length; 0: brackets are not closed, and so are no measure.
  std::size_t run() {
    bool going_on = true;
    while (going_on && at_ < text_.size() && at_ < kMostStatement) {
      const char c = text_[at_];
      if (c == '\n') {
        going_on = next_line();
      } else if (c == '"' || c == '\'') {
        at_ = skip_one_line_string(text_, at_);
        take(false);
      } else if (stands_at(text_, at_, "//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        going_on = character(c);
      }
    }
    return depth_ == 0 ? end_ : 0;
  }

 private:
  void take(bool ends_with_colon) {
    end_ = at_;
    colon_ = ends_with_colon;
  }

  bool character(char c) {
    const bool closes = c == ')' || c == ']' || c == '}';
    if (depth_ == 0 && (closes || c == ';'))
      return false;
    depth_ += c == '(' || c == '[' || c == '{' ? 1 : 0;
    depth_ -= closes ? 1 : 0;
    ++at_;
    if (!is_blank(c))
      take(c == ':');
    return c != '}' || depth_ > 0 || goes_on(at_);
  }

  // Whether a further branch follows, after blanks and line ends; if so, goes there.
  bool goes_on(std::size_t from) {
    const std::size_t next = skip_space(text_, from);
    const bool branch = is_one_of(word_at(text_, next), kFurtherBranches) ||
                        (next == skip_blanks(text_, from) && byte_at(text_, next) != '\n' &&
                         word_at(text_, next) == "from");
    at_ = branch ? next : at_;
    return branch;
  }

  bool next_line() {
    const std::size_t next = skip_space(text_, at_);
    if (next >= text_.size()) {
      at_ = next;
      return depth_ > 0;
    }
    const std::size_t there = column_of(text_, next);
    const bool closing = text_[next] == '}' || text_[next] == ')' || text_[next] == ']';
    if (depth_ > 0 || colon_) {
      const bool inside = there > column_ || (depth_ > 0 && closing && there == column_);
      at_ = inside ? next : at_;
      // Lines below a `:` are taken whole, and so are those after them.
      below_colon_ = below_colon_ || (colon_ && depth_ == 0 && inside);
      return inside;
    }
    if ((below_colon_ && there > column_) || text_[next] == '{') {
      at_ = next;
      return true;
    }
    return goes_on(at_);
  }

  std::string_view text_;
  std::size_t column_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;  // of the statement as far as it is known
  int depth_ = 0;
  bool colon_ = false;        // the line ends with `:`, so that what is further right belongs to it
  bool below_colon_ = false;  // and so do the lines that follow
};

}  // namespace

bool foreign_import_ahead(std::string_view text) {
  const std::string_view word = word_at(text, 0);
  if (word == "use")
    return foreign_use(text);
  if (!is_one_of(word, kImportWords))
    return false;
  const std::size_t next = skip_blanks(text, word.size());
  const char c = byte_at(text, next);
  return c == '{' || c == '*' || c == '"' || c == '\'' || skip_name(text, next) > next;
}

bool is_foreign_word(std::string_view word) {
  return is_one_of(word, kStatementWords);
}

bool foreign_statement_ahead(std::string_view text) {
  const std::string_view word = word_at(text, 0);
  if (!is_one_of(word, kStatementWords))
    return outline_ahead(text, word.size());
  const std::size_t next = skip_blanks(text, word.size());
  const char c = byte_at(text, next);
  if (c == '=' || c == '+' || c == ',' || byte_at(text, word.size()) == '.')
    return false;
  if (c == ':')
    return byte_at(text, skip_blanks(text, next + 1)) == '\n' || word == "steps";
  return word != "steps" && word != "sequence" && word != "serial" ? true : c == '{' || c == '[';
}

bool foreign_binding_ahead(std::string_view text) {
  const std::string_view word = word_at(text, 0);
  if (!is_one_of(word, kBindingWords))
    return false;
  const std::size_t next = skip_blanks(text, word.size());
  return next > word.size() && assignment_ahead(text.substr(next));
}

bool expression_ahead(std::string_view text) {
  const std::size_t name = skip_dotted(text, 0);
  if (name == 0)
    return false;
  const std::string_view word = word_at(text, 0);
  if (word == "loop" || word == "fanout") {
    const std::size_t next = skip_blanks(text, word.size());
    return next > word.size() && skip_name(text, next) > next;
  }
  const bool call = byte_at(text, name) == '(';
  std::size_t at = name;
  if (call) {
    at = skip_bracket(text, name, kMostBraces);
    if (at == std::string_view::npos)
      return skip_name(text, 0) != name;  // of a dotted name, certainly
  }
  at = skip_blanks(text, at);
  for (const std::string_view arrow : {"->", "|>", ">>", "=>", "|", "&", "\xE2\x86\x92"}) {
    if (stands_at(text, at, arrow))
      return true;
  }
  const char next = byte_at(text, at);
  return call && next != '{' && next != ':' && next != '=' && !on_ahead(text.substr(at)) &&
         !(next == '\n' && byte_at(text, skip_space(text, at)) == '{');
}

std::size_t braces_value_length(std::string_view text) {
  if (byte_at(text, 0) != '{')
    return 0;
  const std::size_t end = skip_bracket(text, 0, kMostBraces);
  if (end == std::string_view::npos)
    return 0;
  const char next = byte_at(text, skip_space(text, end));
  return next == ')' || next == ',' || next == ']' ? end : 0;
}

std::size_t length_to_quote(std::string_view text, char quote) {
  std::size_t at = 0;
  for (int line = 0; line < kMostLines && byte_at(text, at) == '\n'; ++line) {
    const std::size_t begin = skip_blanks(text, at + 1);
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view rest = text.substr(begin, end - begin);
    if (rest.empty() || rest.front() == '}' || rest.starts_with("//") ||
        assignment_like_ahead(rest) || declaration_ahead(rest))
      return 0;
    const auto quotes = std::ranges::count(rest, quote);
    if (quotes > 0)
      return quotes % 2 == 1 ? begin + rest.find(quote) + 1 : 0;
    at = end;
  }
  return 0;
}

std::size_t foreign_length(std::string_view text, std::size_t column) {
  if (const std::size_t whole = Extent(text, column).run())
    return whole;
  std::size_t line = std::min(text.find('\n'), text.size());
  while (line > 1 && is_blank(text[line - 1]))
    --line;
  return std::max<std::size_t>(line, 1);
}

ForeignImport read_foreign_import(std::string_view text) {
  ForeignImport out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"' || text[at] == '\'') {
      const std::size_t end = skip_one_line_string(text, at);
      out.path = std::string(text.substr(at + 1, std::max<std::size_t>(end - at, 2) - 2));
      out.is_file = !out.path.starts_with("std/") && !out.path.starts_with("std.");
      at = end;
      continue;
    }
    const std::string_view word = word_at(text, at);
    if (word.empty()) {
      ++at;
      continue;
    }
    at += word.size();
    if (word == "std") {
      const std::size_t separator = stands_at(text, at, "::") ? 2 : 1;
      const std::string_view module = word_at(text, at + separator);
      out.path = "std." + std::string(module);
      at += module.empty() ? 0 : separator + module.size();
    } else if (!is_one_of(word, kNoNames)) {
      out.names.push_back(word);
    }
  }
  if (!out.is_file)
    std::ranges::replace(out.path, '/', '.');
  return out;
}

namespace {

struct StepLine {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// `a = dev(x)`, with all of its brackets closed and no block.
std::vector<StepLine> step_lines(std::string_view text) {
  std::vector<StepLine> lines;
  for (std::size_t line = 0; line < text.size();) {
    const std::size_t end = std::min(text.find('\n', line), text.size());
    const std::size_t begin = skip_blanks(text, line);
    const std::string_view rest = text.substr(begin, end - begin);
    int depth = 0;
    bool plain = line > 0 && assignment_ahead(rest);
    for (std::size_t at = 0; plain && at < rest.size();) {
      if (rest[at] == '"') {
        at = skip_one_line_string(rest, at);
        plain = rest[at - 1] == '"';
        continue;
      }
      depth += rest[at] == '(' || rest[at] == '[' ? 1 : 0;
      depth -= rest[at] == ')' || rest[at] == ']' ? 1 : 0;
      plain = depth >= 0 && rest[at] != '{' && rest[at] != '}' && rest[at] != '\'';
      ++at;
    }
    if (plain && depth == 0)
      lines.push_back({begin, end});
    line = end + 1;
  }
  return lines;
}

// The words from `begin` to `end` that stand in no string.
void add_words(std::string_view text, std::size_t begin, std::size_t end,
               std::vector<std::string_view>& words) {
  for (std::size_t at = begin; at < end;) {
    if (text[at] == '"' || text[at] == '\'') {
      at = skip_one_line_string(text, at);
      continue;
    }
    const std::string_view word = word_at(text, at);
    if (!word.empty())
      words.push_back(word);
    at += std::max<std::size_t>(word.size(), 1);
  }
}

std::vector<std::string_view> words_around(std::string_view text,
                                           const std::vector<StepLine>& steps) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  for (const StepLine& line : steps) {
    add_words(text, at, line.begin, words);
    at = line.end;
  }
  add_words(text, at, text.size(), words);
  return words;
}

}  // namespace

std::string steps_within(std::string_view text) {
  const std::vector<StepLine> lines = step_lines(text);
  const std::vector<std::string_view> around = words_around(text, lines);
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return c != '\n'; }, ' ');
  bool any = false;
  for (const StepLine& line : lines) {
    const std::string_view step = text.substr(line.begin, line.end - line.begin);
    const std::size_t value = skip_blanks(step, step.find('=') + 1);
    if (std::ranges::find(around, word_at(step, value)) != around.end())
      continue;
    out.replace(line.begin, step.size(), step);
    any = true;
  }
  return any ? out : std::string();
}

std::vector<std::string_view> words_shared_with_steps(std::string_view text) {
  const std::vector<StepLine> lines = step_lines(text);
  std::vector<std::string_view> used;
  for (const StepLine& line : lines)
    add_words(text, line.begin, line.end, used);
  std::vector<std::string_view> words = words_around(text, lines);
  std::erase_if(words,
                [&](std::string_view word) { return std::ranges::find(used, word) == used.end(); });
  return words;
}

std::vector<std::string_view> names_set_in(std::string_view text) {
  std::vector<std::string_view> names;
  bool begins = true;  // a statement may begin here
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = skip_one_line_string(text, at);
      begins = false;
      continue;
    }
    const std::string_view word = word_at(text, at);
    if (word.empty()) {
      begins = c == '\n' || c == '{' || c == ';' || (begins && is_blank(c));
      ++at;
      continue;
    }
    const std::size_t next = skip_blanks(text, at + word.size());
    const bool bound = begins && assignment_ahead(text.substr(at));
    const bool item = stands_at(text, next, "in ");
    if (bound || item)
      names.push_back(word);
    at += word.size();
    begins = begins && is_one_of(word, kBindingWords);
  }
  return names;
}

}  // namespace fleet::syntax
