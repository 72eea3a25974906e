// Who and what a plan names beside its steps, as `fleetc plan` prints them: agents, humans,
// credentials, identity documents. Private to dsl/plan.
#pragma once

#include <string>

#include "dsl/plan/plan.h"

namespace fleet::plan {

// A section each; those that the plan does not have are left out, agents aside.
void append_cast(std::string& out, const Plan& plan);

}  // namespace fleet::plan
