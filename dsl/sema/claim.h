// One element of `expect`. Private to the reading of tests.
#pragma once

#include "dsl/sema/scenario_steps.h"

namespace fleet::sema {

// The reader stands at its first word. What is understood is added to the test.
void read_claim(Context& context, Scope& scope, const StepNames& steps, Reader& reader, Span span,
                Test& test);

}  // namespace fleet::sema
