// What the grammar asks about the text ahead without reading it. Plain functions over what is left
// of the text: each looks at most to the end of the line. Private to dsl/syntax.
#pragma once

#include <cstddef>
#include <string_view>

namespace fleet::syntax {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_word_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool is_word(char c) {
  return is_word_start(c) || is_digit(c);
}

std::size_t skip_blanks(std::string_view text, std::size_t at);
// The end of the name that begins at `at`, or `at` when none does. Takes in, as the grammar does,
// the hyphens and non-ASCII letters that make a bad name, so that it is reported as one.
std::size_t skip_name(std::string_view text, std::size_t at);

// `key =` or `key +=`, but not `a == b`.
bool assignment_ahead(std::string_view text);
// An assignment, or a slip for one: `key: value`, `key := value`, `key == value`.
bool assignment_like_ahead(std::string_view text);
// `kind name … {` on one line, in a shape that no value has.
bool declaration_ahead(std::string_view text);
// Blanks, then an assignment or a declaration. Inside brackets neither can be meant, so it tells
// where a bracket that was never closed has to end.
bool statement_ahead(std::string_view text);
// `key:`, the beginning of a named argument.
bool argument_name_ahead(std::string_view text);
// A clause word that is not used as a key.
bool clause_ahead(std::string_view text);
// v and digits, nothing more.
bool version_ahead(std::string_view text);
// That very word, not as the beginning of a longer one, and not as a key.
bool use_ahead(std::string_view text);
bool on_ahead(std::string_view text);
bool as_ahead(std::string_view text);

}  // namespace fleet::syntax
