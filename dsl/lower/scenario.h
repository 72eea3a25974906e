// From a test of the model to a scenario of a plan: steps become nodes.
#pragma once

#include "dsl/plan/plan.h"
#include "dsl/plan/scenario.h"
#include "dsl/sema/model.h"

namespace fleet::lower {

// REQUIRES: `plan` was lowered from `flow`, and the checks found no error.
plan::Scenario lower_test(const sema::Test& test, const sema::Flow& flow, const plan::Plan& plan);

}  // namespace fleet::lower
