// Copies a piece of a pattern's body for one use: every place in the copy is in that use's
// expansion, and every parameter is replaced by what it stands for, with the places of the use.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "dsl/sema/scope.h"

namespace fleet::sema {

// What the parameters of one use stand for: values of the statement that uses the pattern, which
// have to outlive the copying.
using Bindings = std::map<std::string, const ast::Value*>;

// F203 where a hole names a parameter that stands for no text; F202 where one is called or has
// parts, and stands for no name.
std::shared_ptr<ast::Body> expand(Context& context, SourceId expansion, const ast::Body& body,
                                  const Bindings& bindings);

}  // namespace fleet::sema
