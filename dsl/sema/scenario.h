// `test "…" { given = …; expect = … }`: a claim for the simulator.
#pragma once

#include "dsl/sema/body.h"

namespace fleet::sema {

// REQUIRES: the flows are read; a claim names their steps.
Test read_test(Context& context, Scope& scope, const ast::Block& block);

}  // namespace fleet::sema
