// The worst case of a day: the runs that `load` says and that pull requests start, agents that are
// always on or wake by the clock, and what the events that these raise wake.
#pragma once

#include <cstdint>
#include <optional>

#include "dsl/plan/plan.h"
#include "dsl/sema/model.h"

namespace fleet::lower {

// How often a day the flow, an index into Model::flows, starts at most: what `load` says, and of
// one that pull requests start at least as often as agents open them outside of runs. nullopt:
// nothing bounds it.
std::optional<std::uint64_t> runs_a_day(const sema::Model& model, std::size_t flow);

// nullopt when the fleet says nothing of a day: neither `load` nor an agent that works without being
// called nor, with a budget by the day, a flow that an event starts. The same for every flow.
std::optional<plan::DayCase> day_case(const sema::Model& model);

}  // namespace fleet::lower
