// Who watches a run: progress, logs, measurements. Not part of the rules.
#pragma once

#include <vector>

#include "engine/run/step.h"

namespace fleet::run {

// Sees every event after the core took it. Called by one thread at a time; must not block.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void saw(const plan::Plan& plan, const State& state, const Event& event,
                   const std::vector<Transition>& transitions) = 0;
};

}  // namespace fleet::run
