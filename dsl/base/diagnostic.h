// What the compiler says about a user's text, as values: text, JSON, SARIF and LSP are renderings
// of this one model. A diagnostic never throws and never stops the compiler.
#pragma once

#include <string>
#include <vector>

#include "dsl/base/source.h"

namespace fleet {

enum class Severity { kError, kWarning, kInfo };

// A range with what is to be said about it; the text may be empty for the primary one.
struct Label {
  Span span;
  std::string text;
};

struct TextEdit {
  Span span;  // an empty span inserts
  std::string replacement;
};

// A change that would help. `sound` means: applying it keeps or restores what the author meant, so
// `fleetc fix` may do it unasked.
struct Help {
  std::string text;
  std::vector<TextEdit> edits;
  bool sound = false;
};

struct Diagnostic {
  std::string code;  // "F101", a row of the codes table
  Severity severity = Severity::kError;
  std::string
      message;  // lower case, no full stop, names in backticks; says what is wrong, not what to do
  Label primary;
  std::vector<Label> secondary;
  std::vector<std::string> notes;  // facts, the arithmetic
  std::vector<Help> helps;         // what to change
};

// Collects diagnostics in order of discovery. `sorted()` orders them by source, position, code and
// drops exact repeats, so that the same input always gives the same bytes.
class DiagnosticSink {
 public:
  void add(Diagnostic diagnostic) { all_.push_back(std::move(diagnostic)); }
  bool has_errors() const;
  const std::vector<Diagnostic>& all() const { return all_; }
  std::vector<Diagnostic> sorted() const;

 private:
  std::vector<Diagnostic> all_;
};

}  // namespace fleet
