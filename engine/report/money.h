// What a run has used, added up.
#pragma once

#include <string>

#include "engine/run/state.h"

namespace fleet::report {

run::Used used_by(const run::State& state);
// Time of all processes of sessions and commands.
plan::Millis work_of(const run::State& state);

// "$3.20 and 41min of sessions"; without a price only the time.
std::string spent_text(const run::State& state);

void add(run::Used& sum, const run::Used& more);
// Whether any session told what it used.
bool is_metered(const run::Used& used);

}  // namespace fleet::report
