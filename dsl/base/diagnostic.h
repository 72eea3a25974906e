// What the compiler says about a user's text, as values: text, JSON, SARIF and LSP are renderings
// of this one model. A diagnostic never throws and never stops the compiler.
#pragma once

#include <string>
#include <unordered_map>
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
  std::string code;  // "F101", a row of the codes table; empty: of a test that fails
  Severity severity = Severity::kError;
  std::string
      message;  // lower case, no full stop, names in backticks; says what is wrong, not what to do
  Label primary;
  std::vector<Label> secondary;
  std::vector<std::string> notes;  // facts, the arithmetic
  std::vector<Help> helps;         // what to change
  // The same message elsewhere in the file is the same mistake: its places are added to the first.
  bool everywhere = false;
};

// Collects diagnostics in order of discovery. `sorted()` orders them by source, position, code and
// drops exact repeats, so that the same input always gives the same bytes.
class DiagnosticSink {
 public:
  // A name that is unknown in several places is one mistake, with all of them.
  void add(Diagnostic diagnostic);
  // Takes back what was said of the grammar (F001) inside of that: it is another thing altogether.
  void withdraw(const Span& inside);
  bool has_errors() const;
  const std::vector<Diagnostic>& all() const { return all_; }
  std::vector<Diagnostic> sorted() const;
  // As `sorted`, with every place as it was written: what was found in an expansion says where that
  // is used, and is said once for all its uses.
  std::vector<Diagnostic> sorted(const SourceMap& sources) const;

 private:
  std::vector<Diagnostic> all_;
  std::unordered_map<std::string, std::size_t> unknown_;  // into all_, by source and message
};

}  // namespace fleet
