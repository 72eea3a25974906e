// How attempts and tasks end. A task is queued again before its session is freed, so that the
// session finds it.
#include <fmt/format.h>

#include "engine/run/core.h"

namespace fleet::run {

namespace {

void settle_task(Core& core, Task& task) {
  free_place(core, task);
  leave_seat(core, task);
  NodeState& node = core.state_of(task);
  if (++node.settled == node.tasks.size())
    settle_node(core, task.node);
}

// A merge is never tried again for its own fault: the same commits would end the same way.
std::uint32_t retries_of(const plan::Node& node) {
  return node.kind == plan::NodeKind::kMerge ? 0 : node.retries;
}

std::string why_again(const Core& core, const Task& task, const Judgement& judgement) {
  std::string text = judgement.failure ? fmt::format("again after {} (retry {} of {})", task.detail,
                                                     task.failures, core.plan_of(task).retries)
                                       : fmt::format("again after {} (lost {} of at most {} times)",
                                                     task.detail, task.losses, kLossBudget);
  if (judgement.wait.count() > 0)
    text += fmt::format(", in {} ms", judgement.wait.count());
  return text;
}

void try_again(Core& core, Task& task, const Judgement& judgement) {
  set_phase(core, task, Phase::kReady, why_again(core, task, judgement));
  if (judgement.next == Next::kAgain) {
    enqueue(core, task);
    return;
  }
  task.not_before = core.now + judgement.wait.count();
  core.command(StartTimer{attempt_of(task), task.not_before});
}

}  // namespace

plan::Restart restart_of(const Core& core, const Task& task) {
  if (core.plan_of(task).agents.empty())
    return {};
  const Session& session = core.state.sessions[task.session.value];
  return core.plan.agents[session.agent.value].restart;
}

void accept_task(Core& core, Task& task, std::string reason) {
  task.outcome = Outcome::kSuccess;
  task.detail.clear();
  set_phase(core, task, Phase::kDone, std::move(reason));
  ++core.state_of(task).accepted;
  settle_task(core, task);
}

void give_back(Core& core, Task& task, std::string reason) {
  set_phase(core, task, Phase::kReady, std::move(reason));
  enqueue(core, task);
  free_place(core, task);
  leave_seat(core, task);
}

void lose_attempt(Core& core, Task& task, Outcome outcome, std::string detail) {
  const Judgement judgement =
      judge(outcome,
            {task.failures, task.losses, retries_of(core.plan_of(task)), restart_of(core, task)});
  if (judgement.failure)
    ++task.failures;
  if (judgement.loss)
    ++task.losses;
  if (judgement.next == Next::kGiveUp) {
    give_up(core, task, outcome, std::move(detail));
    return;
  }
  task.outcome = outcome;
  task.detail = std::move(detail);
  try_again(core, task, judgement);
  free_place(core, task);
  leave_seat(core, task);
}

void give_up(Core& core, Task& task, Outcome outcome, std::string detail) {
  task.outcome = outcome;
  task.detail = std::move(detail);
  NodeState& node = core.state_of(task);
  std::string reason = task.detail;
  if (task.epoch > 1)
    reason += fmt::format(" (attempt {})", task.epoch);
  if (core.plan_of(task).otherwise == plan::Otherwise::kSkip) {
    ++node.skipped;
    set_phase(core, task, Phase::kSkipped, std::move(reason));
  } else {
    ++node.failed;
    const Phase phase = outcome == Outcome::kCancelled ? Phase::kCancelled : Phase::kFailed;
    set_phase(core, task, phase, std::move(reason));
  }
  settle_task(core, task);
}

void await_evidence(Core& core, Task& task) {
  set_phase(core, task, Phase::kVerifying, "waits for a place to gather evidence");
  core.state.queue.verify.push_back(task.index);
  free_place(core, task);
  leave_seat(core, task);
}

}  // namespace fleet::run
