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

std::vector<Reconciled> reconcile(const plan::Plan& plan, const State& state,
                                  const std::function<bool(Attempt)>& knows, bool remembers) {
  std::vector<Reconciled> found;
  for (const Task& task : state.tasks) {
    const bool merge = plan.nodes[task.node.value].kind == plan::NodeKind::kMerge;
    if (task.phase != Phase::kRunning || merge)
      continue;
    const Attempt attempt{task.index, task.epoch};
    const Found unknown = remembers ? Found::kNeverStarted : Found::kLost;
    found.push_back({attempt, knows(attempt) ? Found::kRunning : unknown});
  }
  return found;
}

}  // namespace fleet::run
