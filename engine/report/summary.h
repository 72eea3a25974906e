// What a person reads after a run, and when asking how one stands: from the state alone.
#pragma once

#include <string>

#include "engine/report/gate.h"

namespace fleet::report {

struct SummaryPlaces {
  std::string logs;  // folder of the sessions' output
  bool colour = false;
};

// Whether a run that is over, with nothing failed, merged nothing into the base though its flow
// does: somebody refused, or asked for changes that no step made.
bool ended_unmerged(const plan::Plan& plan, const run::State& state);

// What was done, what failed and why, where to look, what to do next.
std::string summary_text(const plan::Plan& plan, const run::State& state,
                         const SummaryPlaces& places);

// How a run stands, the morning's screen: what waits for a decision and what is stuck first, with
// the reason and what to do; then what runs, what changed, the steps, and what it has cost.
std::string status_text(const plan::Plan& plan, const run::State& state, const Around& around);

// The state of one run in words: "done", "done, and nothing was merged", "failed", "stopped",
// "waits for a human", "waits to be resumed", "given up for another one",
// "unfinished".
const char* state_of(const plan::Plan& plan, const run::State& state, const Around& around);
// The same in one word for programs: "done", "unmerged" (as ended_unmerged), "failed", "stopped",
// "abandoned", "unfinished".
const char* state_word(const plan::Plan& plan, const run::State& state, const Around& around);

}  // namespace fleet::report
