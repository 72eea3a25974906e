// Diagnostics as bytes: for people (text), for tools that read lines (short), and for programs
// (JSON, SARIF 2.1.0). All take the diagnostics in the order in which they are to appear. Whatever
// comes from a user's file is made harmless first: no control character or escape sequence reaches
// the output.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/base/diagnostic.h"

namespace fleet {

struct RenderOptions {
  bool colour = false;
  bool ascii = false;  // nothing but ASCII in the output
  int width =
      120;  // columns; longer source lines are cut around their labels. At least 40 are used.
};

// Ends with a newline, with an empty line between two diagnostics; empty for none.
std::string render_text(const std::vector<Diagnostic>& diagnostics, const SourceMap& sources,
                        const RenderOptions& options = {});

// One line each: ship.fleet:6:16: error[F501]: budget cannot cover the worst case
std::string render_short(const std::vector<Diagnostic>& diagnostics, const SourceMap& sources);

// What is to be said of several files: the findings of each with all that it imports, and the files
// of which nothing can be said.
struct Findings {
  std::shared_ptr<const SourceMap> sources;
  std::vector<Diagnostic> diagnostics;
};
struct Unreadable {
  std::string file;
  std::string problem;
};
class Report {
 public:
  std::vector<Findings> findings;
  std::vector<Unreadable> unreadable;

  // Drops what was said already: files that import one file find the same in it.
  void add(Findings found);

 private:
  std::set<std::string> said_;
};

// {"version": 1, "errors": N, "warnings": N, "diagnostics": [D…], "unreadable": [U…]}, where
//   D    = {"code", "severity": "error" | "warning" | "info", "message", "primary": L, "secondary":
//   [L…],
//           "notes": [text…], "helps": [H…], "docs": "fleetc explain F501"}
//   L    = {"file", "begin": P, "end": P, "text"}
//   P    = {"line", "column", "offset"}: from 1 in Unicode code points; the offset in bytes from 0
//   H    = {"text", "sound": bool, "edits": [{"file", "begin": P, "end": P, "replacement"}…]}
//   U    = {"file", "problem"}
// Keys are always present. New ones may be added; a change of meaning would raise the version.
std::string render_json(const Report& report);

// One run of the tool `fleetc`; rules are the rows of the codes table that occur. A file that can't
// be read is a notification of the tool, which then was not successful.
std::string render_sarif(const Report& report);

std::string_view severity_word(Severity severity);  // "error", "warning", "info"

}  // namespace fleet
