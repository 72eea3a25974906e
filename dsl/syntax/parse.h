// Text to syntax tree. Always returns a tree: what could not be read is reported once, at its place,
// and left out or marked kError, and every sound declaration around it is kept. Never throws, never
// recurses deeper than a fixed bound, linear in the text.
#pragma once

#include "dsl/base/diagnostic.h"
#include "dsl/syntax/ast.h"

namespace fleet::syntax {

ast::File parse(const SourceMap& sources, SourceId source, DiagnosticSink& sink);

}  // namespace fleet::syntax
