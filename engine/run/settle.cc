// How attempts and tasks end. A task is queued again before its session is freed, so that the
// session finds it.
#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "engine/run/core.h"

namespace fleet::run {

namespace {

// Another attempt could do nothing. What it says beside how the one before it ended; else empty.
std::string budget_gone(const Core& core, const Task& task) {
  const plan::Agent* agent = agent_of(core, task);
  if (agent == nullptr || !agent->budget || task.spent < *agent->budget)
    return {};
  return fmt::format("; {} of its budget of {} are spent", plan::to_string(task.spent),
                     plan::to_string(*agent->budget));
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

// Of a human who let pass what had failed.
bool is_let_pass(const Task& task) {
  return task.gate && task.gate->asks == Asks::kEscalation && task.gate->epoch == task.epoch &&
         task.decision && task.decision->decision == Decision::kApprove;
}

void count_success(Core& core, const Task& task, bool judged) {
  NodeState& node = core.state_of(task);
  const plan::NodeKind kind = core.plan_of(task).kind;
  if (is_joint(kind)) {
    node.accepted = node.approved = 1;
    node.merged = true;
    node.reason = task.reason;
  } else if (kind == plan::NodeKind::kHuman) {
    ++node.approved;
  } else if (!is_review(core.plan, task.node)) {
    ++node.accepted;
    node.merged = kind == plan::NodeKind::kMerge;
  } else if (judged && task.verdict == Verdict::kChangesRequested) {
    ++node.changes_requested;
  } else {
    ++node.approved;
  }
}

}  // namespace

void settle_task(Core& core, Task& task) {
  free_place(core, task);
  leave_seat(core, task);
  NodeState& node = core.state_of(task);
  if (++node.settled == node.tasks.size())
    settle_node(core, task.node);
}

void await_limit(Core& core, Task& task, std::string detail, std::int64_t until) {
  if (const std::string gone = budget_gone(core, task); !gone.empty()) {
    give_up(core, task, Outcome::kBudgetSpent, detail + gone);
    return;
  }
  const Millis wait = limit_backoff(task.limited++);
  task.outcome = Outcome::kLimited;
  task.not_before = until > core.now ? until : core.now + wait.count();
  const Millis left{task.not_before - core.now};
  set_phase(core, task, Phase::kReady,
            fmt::format("again after {}, in {}", detail, plan::to_string(left)));
  task.detail = std::move(detail);
  core.command(StartTimer{attempt_of(task), task.not_before});
  free_place(core, task);
  leave_seat(core, task);
}

plan::Restart restart_of(const Core& core, const Task& task) {
  if (core.plan_of(task).agents.empty())
    return {};
  const Session& session = core.state.sessions[task.session.value];
  return core.plan.agents[session.agent.value].restart;
}

// Counts what the edges hang on. Of what a human let pass, that it succeeded.
void accept_task(Core& core, Task& task, std::string reason) {
  const bool passed = is_let_pass(task);
  const bool judged = !passed || task.outcome == Outcome::kNone;
  if (!passed) {
    task.outcome = Outcome::kSuccess;
    task.detail.clear();
  }
  count_success(core, task, judged);
  if (core.plan_of(task).kind == plan::NodeKind::kFanout) {
    move_tip(core, task.node, "");
  } else if (!core.plan_of(task).agents.empty() ? !is_review(core.plan, task.node)
                                                : !task.start.empty()) {
    move_tip(core, task.node, task.commit.empty() ? task.start : task.commit);
  }
  set_phase(core, task, Phase::kDone, std::move(reason));
  settle_task(core, task);
}

void give_back(Core& core, Task& task, std::string reason) {
  set_phase(core, task, Phase::kReady, std::move(reason));
  enqueue(core, task);
  free_place(core, task);
  leave_seat(core, task);
}

void lose_attempt(Core& core, Task& task, Outcome outcome, std::string detail) {
  if (drop_if_unwanted(core, task))
    return;
  task.limited = 0;
  const Judgement judgement =
      judge(outcome,
            {task.failures, task.losses, retries_of(core.plan_of(task)), restart_of(core, task)});
  if (judgement.failure)
    ++task.failures;
  if (judgement.loss)
    ++task.losses;
  task.spends_anew = judgement.failure;
  const std::string gone = judgement.loss ? budget_gone(core, task) : "";
  if (!gone.empty()) {
    outcome = Outcome::kBudgetSpent;
    detail += gone;
  }
  if (judgement.next == Next::kGiveUp || !gone.empty()) {
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
  if (drop_if_unwanted(core, task))
    return;
  task.outcome = outcome;
  task.detail = std::move(detail);
  const plan::Node& plan = core.plan_of(task);
  std::string reason = task.detail;
  if (task.epoch > 1 && plan.kind != plan::NodeKind::kHuman)
    reason += fmt::format(" (attempt {})", task.epoch);
  if (outcome == Outcome::kAuth && ask_for_credential(core, task, reason))
    return;
  if (plan.otherwise == plan::Otherwise::kSkip) {
    ++core.state_of(task).skipped;
    set_phase(core, task, Phase::kSkipped, std::move(reason));
    settle_task(core, task);
  } else if (plan.otherwise == plan::Otherwise::kEscalate && !escalation_human(core.plan).empty()) {
    escalate(core, task, std::move(reason));
  } else {
    fail_task(core, task, outcome, std::move(reason));
  }
}

void fail_task(Core& core, Task& task, Outcome outcome, std::string reason) {
  task.outcome = outcome;
  ++core.state_of(task).failed;
  const Phase phase = outcome == Outcome::kCancelled ? Phase::kCancelled : Phase::kFailed;
  set_phase(core, task, phase, std::move(reason));
  settle_task(core, task);
}

void await_evidence(Core& core, Task& task) {
  set_phase(core, task, Phase::kVerifying, "waits for a place to gather evidence");
  core.state.queue.verify.push_back(task.index);
  free_place(core, task);
  leave_seat(core, task);
}

}  // namespace fleet::run
