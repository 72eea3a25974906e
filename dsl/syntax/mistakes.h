// What is wrong with a text as text, gathered so that each mistake is reported once and a damaged
// file cannot flood its reader. Private to dsl/syntax.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/base/diagnostic.h"

namespace fleet::syntax {

inline constexpr std::size_t kMaxMistakes = 100;

// Whether a stretch has what `scan_characters` reports. REQUIRES: characters begin at both ends.
bool has_bad_characters(std::string_view text, std::size_t begin, std::size_t end);

// A user's text for a message: its first line in backticks, cut where it is long.
std::string quoted(std::string_view text);

class Mistakes {
 public:
  Mistakes(std::string_view text, SourceId source, DiagnosticSink& sink)
      : text_(text), source_(source), sink_(sink) {}

  SourceId source() const { return source_; }
  Span span(std::uint32_t begin, std::uint32_t end) const { return {source_, begin, end}; }

  // Reports invalid UTF-8 and unseen control characters; F001 about their place is then dropped.
  void scan_characters();

  void add(Diagnostic diagnostic);

  // A start for `add`: an error with its primary label.
  static Diagnostic error(std::string code, std::string message, Span at, std::string label);

 private:
  bool covers_bad_character(const Span& at) const;

  std::string_view text_;
  SourceId source_;
  DiagnosticSink& sink_;
  std::size_t count_ = 0;
  std::vector<Span> bad_characters_;  // in the order of the text
};

}  // namespace fleet::syntax
