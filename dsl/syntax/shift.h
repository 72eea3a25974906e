// Moves what stands behind a change in a text. Private to dsl/syntax.
#pragma once

#include <cstdint>

#include "dsl/syntax/ast.h"

namespace fleet::syntax {

// By how far: added to each offset, in 32 bits with wrap-around, so that it may be negative.
using Shift = std::uint32_t;

// A span that was never set stays so. REQUIRES: it does not stand at the very beginning.
void shift(Span& span, Shift by);
// Every span in it, as deep as it goes. REQUIRES: nobody else holds any part of it.
void shift(ast::Body::Item& item, Shift by);

}  // namespace fleet::syntax
