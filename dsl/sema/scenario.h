// `test "…" { given = …; expect = … }`: what `fleetc test` runs on the simulator.
#pragma once

#include <string>
#include <vector>

#include "dsl/sema/body.h"

namespace fleet::sema {

// REQUIRES: the flows are read; a test names their steps.
Test read_test(Context& context, Scope& scope, const ast::Block& block);

// The steps of the flow that a test's path means, as indices into Flow::steps in their order: each
// round of a step in a loop, and of a use of a pattern its last step. Empty: none.
std::vector<std::size_t> steps_meant(const Flow& flow, const std::string& path);

}  // namespace fleet::sema
