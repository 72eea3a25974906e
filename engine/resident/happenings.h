// What of a run's events is of interest to the fleet around it: pull requests and findings, which
// others may wait for, and what an always-on agent wants to know of. Pure.
#pragma once

#include <optional>

#include "engine/resident/rota.h"
#include "engine/run/state.h"

namespace fleet::resident {

struct Happening {
  std::optional<Wake> wake;
  bool news = false;  // the base moved, or a human decided
};

// `state` is the run's after the event. A repeated event gives the same wake.
Happening happening_of(const plan::Plan& plan, const run::State& state, const run::Event& event);

}  // namespace fleet::resident
