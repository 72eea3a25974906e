// A value that is nearly right: in quotes, without its brackets or its unit, or misspelt.
#pragma once

#include <optional>
#include <string>

#include "dsl/base/diagnostic.h"
#include "dsl/syntax/ast.h"

namespace fleet::sema {

// What the value lacks, or has too much, of what is `expected`: "money per task, such as
// `$2/task`",
// "`own` or `fresh`". nullopt: it is far from right.
std::optional<Help> quick_help(const ast::Atom& atom, const std::string& expected);

}  // namespace fleet::sema
