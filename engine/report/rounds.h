// Rounds of loops, which the plan has all written out: how many were needed, and which never began.
// Whoever reads how a run went has no use for each step of a round that nobody needed.
#pragma once

#include <string>

#include "engine/run/state.h"

namespace fleet::report {

// Whether the step is of a round of which no step was ever started. O(steps of the plan).
bool is_of_unneeded_round(const plan::Plan& plan, const run::State& state, plan::NodeIndex node);

// "approved after 1 of 3 rounds", of a loop that ended so; else empty.
std::string rounds_text(const plan::Plan& plan, const run::State& state, plan::NodeIndex node);

}  // namespace fleet::report
