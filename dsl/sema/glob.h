// Globs of files in a tree, read as the engine reads them: without holes or alternatives, not
// empty, and never leading out of the tree.
#pragma once

#include <optional>
#include <string>

#include "dsl/base/diagnostic.h"
#include "dsl/syntax/ast.h"

namespace fleet::sema {

// The text of the string; nullopt: reported. `who` takes the glob, or the path, which is one as
// well.
std::optional<std::string> glob_of(DiagnosticSink& sink, const ast::Atom& string,
                                   const std::string& who);

}  // namespace fleet::sema
