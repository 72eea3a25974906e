#include "dsl/syntax/lookahead.h"

#include "dsl/syntax/words.h"

namespace fleet::syntax {
namespace {

constexpr bool is_high(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

char char_at(std::string_view text, std::size_t at) {
  return at < text.size() ? text[at] : '\0';
}

bool starts_at(std::string_view text, std::size_t at, std::string_view what) {
  return at <= text.size() && text.substr(at).substr(0, what.size()) == what;
}

// `=` and `+=`, the marks of an assignment.
bool mark_at(std::string_view text, std::size_t at) {
  return (char_at(text, at) == '=' && char_at(text, at + 1) != '=') || starts_at(text, at, "+=");
}

std::string_view first_word(std::string_view text) {
  return text.substr(0, skip_name(text, 0));
}

bool word_ahead(std::string_view text, std::string_view word) {
  if (first_word(text) != word) {
    return false;
  }
  const std::size_t at = skip_blanks(text, word.size());
  return !mark_at(text, at) && char_at(text, at) != '{' && char_at(text, at) != ':';
}

std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == '"') {
      return at + 1;
    }
    if (text[at] == '\\') {
      ++at;
    }
  }
  return at;
}

bool brace_on_this_line(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '\n' && !starts_at(text, at, "//")) {
    if (text[at] == '{') {
      return true;
    }
    at = text[at] == '"' ? skip_string(text, at) : at + 1;
  }
  return false;
}

}  // namespace

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) {
    ++at;
  }
  return at;
}

std::size_t skip_name(std::string_view text, std::size_t at) {
  const char first = char_at(text, at);
  if (!is_word_start(first) && !is_high(first)) {
    return at;
  }
  while (is_word(char_at(text, at)) || is_high(char_at(text, at)) ||
         (char_at(text, at) == '-' && is_word(char_at(text, at + 1)))) {
    ++at;
  }
  return at;
}

bool assignment_ahead(std::string_view text) {
  const std::size_t end = skip_name(text, 0);
  return end > 0 && mark_at(text, skip_blanks(text, end));
}

bool assignment_like_ahead(std::string_view text) {
  const std::size_t end = skip_name(text, 0);
  if (end == 0) {
    return false;
  }
  const std::size_t at = skip_blanks(text, end);
  if (char_at(text, at) == '=' || starts_at(text, at, "+=") || starts_at(text, at, "-=") ||
      starts_at(text, at, ":=")) {
    return true;
  }
  if (char_at(text, at) != ':') {
    return false;
  }
  // `agent : builder {` and `defaults: {` are declarations with a slip of their own.
  const std::size_t value = skip_blanks(text, at + 1);
  const char after_name = char_at(text, skip_blanks(text, skip_name(text, value)));
  return char_at(text, value) != '{' && after_name != '{';
}

bool declaration_ahead(std::string_view text) {
  const std::size_t kind_end = skip_name(text, 0);
  if (kind_end == 0) {
    return false;
  }
  std::size_t at = skip_blanks(text, kind_end);
  if (char_at(text, at) == '{') {
    return true;
  }
  const std::size_t name_end =
      char_at(text, at) == '"' ? skip_string(text, at) : skip_name(text, at);
  if (name_end == at) {
    return false;
  }
  at = skip_blanks(text, name_end);
  const char next = char_at(text, at);
  const std::string_view rest = text.substr(at);
  const bool shape = next == '{' || next == ',' || next == '(' || next == ':' ||
                     version_ahead(rest) || on_ahead(rest);
  return shape && brace_on_this_line(text, at);
}

bool statement_ahead(std::string_view text) {
  const std::string_view rest = text.substr(skip_blanks(text, 0));
  return assignment_ahead(rest) || declaration_ahead(rest);
}

bool argument_name_ahead(std::string_view text) {
  const std::size_t end = skip_name(text, 0);
  return end > 0 && char_at(text, skip_blanks(text, end)) == ':';
}

bool clause_ahead(std::string_view text) {
  const std::string_view word = first_word(text);
  return is_clause_word(word) && word_ahead(text, word);
}

bool version_ahead(std::string_view text) {
  const std::string_view word = first_word(text);
  return word.size() > 1 && word[0] == 'v' &&
         word.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

bool use_ahead(std::string_view text) {
  return word_ahead(text, "use");
}
bool on_ahead(std::string_view text) {
  return word_ahead(text, "on");
}
bool as_ahead(std::string_view text) {
  return word_ahead(text, "as");
}

}  // namespace fleet::syntax
