// Text to syntax tree. Always returns a tree: what could not be read is reported once, at its
// place, and left out or marked kError, and every sound declaration around it is kept. Never
// throws, never recurses deeper than a fixed bound, linear in the text.
#pragma once

#include <cstddef>
#include <vector>

#include "dsl/base/diagnostic.h"
#include "dsl/syntax/ast.h"

namespace fleet::syntax {

// A larger text is refused with one F005 and gives an empty tree: it bounds memory, at some 300
// bytes of tree for each byte of the densest text.
inline constexpr std::size_t kMaxTextSize = 2U * 1024U * 1024U;

ast::File parse(const SourceMap& sources, SourceId source, DiagnosticSink& sink);

// The same with what was found on the way, for `Parses`.
struct Parsed {
  ast::File file;
  std::vector<Diagnostic> mistakes;  // in the order of their discovery
  bool braces_match = false;
};
Parsed parse_whole(const SourceMap& sources, SourceId source);

}  // namespace fleet::syntax
