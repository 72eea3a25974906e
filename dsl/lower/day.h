// The worst case of a day: the runs that `load` says, agents that are always on or wake by the
// clock, and what the events that these raise wake.
#pragma once

#include <optional>

#include "dsl/plan/plan.h"
#include "dsl/sema/model.h"

namespace fleet::lower {

// REQUIRES: `plan` has its worst case. Nothing when the fleet says nothing of a day: neither `load`
// nor an agent that works without being called. Only runs of the plan's own flow are priced.
std::optional<plan::DayCase> day_case(const sema::Model& model, const plan::Plan& plan);

}  // namespace fleet::lower
