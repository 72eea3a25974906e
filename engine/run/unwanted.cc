// What `any` does not wait for any more once one of its steps succeeded. A process is cancelled; a
// worktree that is being made, a commit and evidence are waited for and then let go; what is about
// to be published or merged is finished, since it cannot be undone.
#include <algorithm>

#include "engine/run/core.h"

namespace fleet::run {

namespace {

void drop(Core& core, Task& task) {
  const bool ran = task.epoch > 0;
  task.outcome = Outcome::kCancelled;
  task.detail = task.unwanted;
  ++core.state_of(task).skipped;
  set_phase(core, task, ran ? Phase::kCancelled : Phase::kSkipped, task.unwanted);
  settle_task(core, task);
}

void cancel_task(Core& core, Task& task, const std::string& why) {
  auto& evidence = core.state.queue.verify;
  task.unwanted = why;
  switch (task.phase) {
    case Phase::kWaiting:
    case Phase::kReady: drop(core, task); return;
    case Phase::kParked:
      core.command(CloseGate{attempt_of(task), why});
      drop(core, task);
      return;
    case Phase::kVerifying:
      if (task.placed)
        return;
      std::erase(evidence, task.index);
      drop(core, task);
      return;
    case Phase::kRunning:
      if (core.plan_of(task).kind != plan::NodeKind::kMerge)
        core.command(Cancel{attempt_of(task)});
      return;
    case Phase::kAdmitted:
    case Phase::kPreparing:
    case Phase::kSettling:
    case Phase::kPublishing:
    case Phase::kDone:
    case Phase::kFailed:
    case Phase::kSkipped:
    case Phase::kCancelled: return;
  }
}

// Of a joint that nobody waits for, the steps that nobody else waits for.
void cancel_members(Core& core, NodeIndex joint, const std::string& why) {
  const auto& first = core.state.schedule.first;
  for (const plan::Edge& edge : core.plan_of(joint).after) {
    if (first[edge.from.value + 1] - first[edge.from.value] == 1)
      cancel_node(core, edge.from, why);
  }
}

void cancel_tasks(Core& core, NodeIndex index, const std::string& why) {
  core.state.queue.ready[index.value].clear();
  core.state.queue.later[index.value].clear();
  for (auto& routed : core.state.queue.routed[index.value])
    routed.clear();
  withdraw(core, index);
  end_idle_sessions(core, index);
  for (const TaskIndex task : core.state_of(index).tasks)
    cancel_task(core, core.state.tasks[task.value], why);
}

}  // namespace

void cancel_node(Core& core, NodeIndex index, const std::string& why) {
  const plan::NodeKind kind = core.plan_of(index).kind;
  switch (core.state_of(index).phase) {
    case NodePhase::kSettled: return;
    case NodePhase::kOpen: return cancel_tasks(core, index, why);
    case NodePhase::kWaiting:
    case NodePhase::kListing:
    case NodePhase::kDeciding: break;
  }
  make_unreachable(core, index, why);
  if (kind == plan::NodeKind::kAll || kind == plan::NodeKind::kAny)
    cancel_members(core, index, why);
}

bool drop_if_unwanted(Core& core, Task& task) {
  if (task.unwanted.empty())
    return false;
  drop(core, task);
  return true;
}

}  // namespace fleet::run
