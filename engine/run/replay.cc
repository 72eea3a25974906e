#include "engine/run/replay.h"

namespace fleet::run {

void Replay::take(const Event& event) {
  step(plan_, state_, event, effects_);
  effects_.commands.clear();
  effects_.transitions.clear();
}

State replay(const plan::Plan& plan, const std::vector<Event>& events) {
  Replay replay(plan);
  for (const Event& event : events)
    replay.take(event);
  return replay.release();
}

}  // namespace fleet::run
