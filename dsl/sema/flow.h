// Reads a flow: its parameters, its steps with their clauses, and the edges between them.
#pragma once

#include "dsl/sema/contract.h"

namespace fleet::sema {

Flow read_flow(Context& context, Scope& scope, const ast::Block& block);

}  // namespace fleet::sema
