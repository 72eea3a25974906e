// One element of `given`: who does what, where. Private to the reading of tests.
#pragma once

#include "dsl/sema/scenario_steps.h"

namespace fleet::sema {

// The reader stands at its first word. What is understood is added to the test.
void read_assumption(Context& context, Scope& scope, const StepNames& steps, Reader& reader,
                     Span span, Test& test);

// Whether that is a flow with its parameters, as in `ship("Say hello")`.
bool is_flow_call(const Scope& scope, const ast::Value& value);
// REQUIRES: is_flow_call.
void read_flow_call(Context& context, Scope& scope, const ast::Value& value, Test& test);

}  // namespace fleet::sema
