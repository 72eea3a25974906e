// Literals: what a number with its unit means. Private to dsl/syntax, but for the units' spelling.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dsl/syntax/ast.h"

namespace fleet::syntax {

struct LiteralReading {
  ast::Atom::Kind kind = ast::Atom::Kind::kError;
  std::int64_t amount = 0;  // in the unit that ast.h states for the kind
  // For kError: what is wrong, as a label; and what was probably meant, empty if unknown.
  std::string problem;
  std::string suggestion;
};

// `text` is one kLiteralText. A fraction has to come out even in the smallest unit: 1.5h is
// 5,400,000 ms, 0.5ms is an error, as is what does not fit in 63 bits.
LiteralReading read_literal(std::string_view text);

}  // namespace fleet::syntax
