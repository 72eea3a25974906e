// What stands before the brace of a declaration, against what its kind may say there.
#pragma once

#include "dsl/sema/scope.h"
#include "dsl/syntax/ast.h"

namespace fleet::sema {

// Reports what this kind of declaration may not say. False: the declaration can't be read.
// REQUIRES: schema::find_kind knows its kind.
bool check_header(Context& context, const ast::Block& block, bool in_fleet);

// Whether the parser has reported something there, so that what is missing is its doing.
bool is_misread(const DiagnosticSink& sink, const Span& span);

}  // namespace fleet::sema
