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

// Two that watch the same run, in order. Both must outlive it.
class BothObservers final : public Observer {
 public:
  BothObservers(Observer& first, Observer& second) : first_(first), second_(second) {}
  void saw(const plan::Plan& plan, const State& state, const Event& event,
           const std::vector<Transition>& transitions) override {
    first_.saw(plan, state, event, transitions);
    second_.saw(plan, state, event, transitions);
  }

 private:
  Observer& first_;
  Observer& second_;
};

}  // namespace fleet::run
