// The few words that the grammar itself knows. All other words mean something only to dsl/schema.
#pragma once

#include <array>
#include <string_view>

namespace fleet::syntax {

// A line that begins with one of these continues the value before it, unless the word is a key
// there, which shows in what follows it: `=`, `+=`, `:` or `{`. Everywhere else they are ordinary
// words.
inline constexpr std::array<std::string_view, 18> kClauseWords = {
    "after",  "backoff", "else",  "est",     "force", "hard",  "in",   "limit", "max",
    "passes", "retry",   "spawn", "timeout", "to",    "until", "warn", "width", "within"};

constexpr bool is_clause_word(std::string_view word) {
  for (const std::string_view known : kClauseWords) {
    if (known == word) {
      return true;
    }
  }
  return false;
}

// What other languages put between steps.
constexpr bool is_arrow(std::string_view text) {
  return text == "->" || text == "=>" || text == "\xE2\x86\x92";
}

}  // namespace fleet::syntax
