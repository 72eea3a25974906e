// Diagnostics as bytes: for people (text), for tools that read lines (short), and for programs
// (JSON, SARIF 2.1.0). All take the diagnostics in the order in which they are to appear. Whatever
// comes from a user's file is made harmless first: no control character or escape sequence reaches
// the output.
#pragma once

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

// {"version": 1, "errors": N, "warnings": N, "diagnostics": [D…]}, where
//   D    = {"code", "severity": "error" | "warning" | "info", "message", "primary": L, "secondary":
//   [L…],
//           "notes": [text…], "helps": [H…], "docs": "fleetc explain F501"}
//   L    = {"file", "begin": P, "end": P, "text"}
//   P    = {"line", "column", "offset"}: from 1 in Unicode code points; the offset in bytes from 0
//   H    = {"text", "sound": bool, "edits": [{"file", "begin": P, "end": P, "replacement"}…]}
// Keys are always present. New ones may be added; a change of meaning would raise the version.
std::string render_json(const std::vector<Diagnostic>& diagnostics, const SourceMap& sources);

// One run of the tool `fleetc`; rules are the rows of the codes table that occur.
std::string render_sarif(const std::vector<Diagnostic>& diagnostics, const SourceMap& sources);

std::string_view severity_word(Severity severity);  // "error", "warning", "info"

}  // namespace fleet
