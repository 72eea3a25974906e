// A state from its events. What `step` asked for on the way was asked for long ago: commands are
// dropped, and the Resumed event of the next engine asks again for what is still open.
#pragma once

#include <functional>
#include <vector>

#include "engine/run/step.h"

namespace fleet::run {

// Takes events one at a time, as a journal reads them.
class Replay {
 public:
  // `plan` must outlive the replay.
  explicit Replay(const plan::Plan& plan) : plan_(plan) {}

  void take(const Event& event);
  const State& state() const { return state_; }
  State release() { return std::move(state_); }

 private:
  const plan::Plan& plan_;
  State state_;
  Effects effects_;
};

State replay(const plan::Plan& plan, const std::vector<Event>& events);

// What a new engine finds of each attempt whose process ran when the last one was heard of.
// `knows`: whether the keeper has heard of the attempt. What it has not was never started, unless
// the keeper's own memory may be gone: then it is lost.
std::vector<Reconciled> reconcile(const plan::Plan& plan, const State& state,
                                  const std::function<bool(Attempt)>& knows, bool remembers);

}  // namespace fleet::run
