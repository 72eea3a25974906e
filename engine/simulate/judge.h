// Whether what a test claims of a run holds, and what happened instead.
#pragma once

#include <string>

#include "dsl/plan/scenario.h"
#include "engine/simulate/record.h"

namespace fleet::simulate {

struct Judged {
  bool holds = false;
  std::string happened;  // "`merge` was merged at 8h 4min"; also of what holds
};

// `state` is the last of the run that `record` saw.
Judged judge(const plan::Plan& plan, const run::State& state, const Record& record,
             const plan::Claim& claim);

// How the run came out, in words: "the run is done", "the run waits for ann: …".
std::string end_of(const plan::Plan& plan, const run::State& state);

}  // namespace fleet::simulate
