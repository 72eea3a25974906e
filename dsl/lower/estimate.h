// What a plan can cost at most, and its critical path, from what the text declares.
#pragma once

#include "dsl/plan/plan.h"

namespace fleet::lower {

// REQUIRES: nodes in topological order.
plan::WorstCase worst_case(const plan::Plan& plan);

// Weighs a step by its `est`, a fan-out by its rounds of `est`; a step without one counts as a
// second.
std::vector<plan::NodeIndex> critical_path(const plan::Plan& plan);

// The number of items where the plan alone tells, else the `limit`, else nothing.
std::optional<std::uint64_t> most_items(const plan::Fanout& fanout);

}  // namespace fleet::lower
