// The life of one attempt, event by event. Each handler returns early when the event does not fit
// the task's phase; `step` has already dropped superseded epochs.
#include <algorithm>

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "engine/run/core.h"

namespace fleet::run {

namespace {

bool is_merge(const Core& core, const Task& task) {
  return core.plan_of(task).kind == plan::NodeKind::kMerge;
}

bool has_evidence(const Core& core, const Task& task) {
  const plan::Agent* agent = agent_of(core, task);
  return agent != nullptr && !agent->accept.empty();
}

void capture(Core& core, Task& task) {
  set_phase(core, task, Phase::kSettling, "what it left is being committed");
  core.command(Capture{attempt_of(task), task.session});
}

std::string verdict_text(const Task& task) {
  if (task.verdict == Verdict::kApproved)
    return "approved";
  const std::size_t count = task.findings.size();
  return fmt::format("changes requested: {} finding{}", count, count == 1 ? "" : "s");
}

// What a session owes that ends well; empty: nothing.
std::string missing_verdict(const Core& core, const Task& task) {
  if (!is_review(core.plan, task.node))
    return "";
  if (!task.verdict && task.judged_by != 0)
    return "found something after it had approved, and gave no verdict after that";
  if (!task.verdict)
    return "ended without a verdict";
  if (*task.verdict == Verdict::kChangesRequested && task.findings.empty())
    return "asked for changes without a finding";
  return "";
}

// The documents of its agent's identity that it did not read; empty: none.
std::string unread(const Core& core, const Task& task) {
  const plan::Agent* agent = agent_of(core, task);
  std::string names;
  if (agent != nullptr)
    for (const std::string& name : agent->identity)
      if (std::ranges::find(task.read, name) == task.read.end())
        names += (names.empty() ? "" : ", ") + name;
  return names;
}

bool writes(const Core& core, const Task& task) {
  const plan::Agent* agent = agent_of(core, task);
  return agent != nullptr && agent->writes;
}

void exited_well(Core& core, Task& task) {
  if (const std::string names = unread(core, task); !names.empty()) {
    lose_attempt(core, task, Outcome::kRefused, "ended without having read " + names);
  } else if (std::string missing = missing_verdict(core, task); !missing.empty()) {
    lose_attempt(core, task, Outcome::kNoVerdict, std::move(missing));
  } else if (writes(core, task)) {
    capture(core, task);
  } else if (has_evidence(core, task)) {
    await_evidence(core, task);
  } else {
    accept_task(core, task, task.verdict ? verdict_text(task) : "exit 0");
  }
}

// It ended because it wants a human, who is to see what it has.
void exited_asking(Core& core, Task& task) {
  if (escalation_human(core.plan).empty()) {
    lose_attempt(core, task, Outcome::kSaidFailed,
                 "asks for a human, and the fleet has no way to one: " + task.asks_human);
  } else if (writes(core, task)) {
    capture(core, task);
  } else {
    task.outcome = Outcome::kNone;
    escalate(core, task, "asks for a human: " + task.asks_human);
  }
}

void exited_saying_no(Core& core, Task& task) {
  lose_attempt(
      core, task, Outcome::kSaidFailed,
      task.summary.empty() ? "says that it failed" : "says that it failed: " + task.summary);
}

struct Ending {
  Outcome outcome;
  std::string detail;
};

Ending classify(const Exited& event) {
  switch (event.how) {
    case ExitHow::kExited: return {Outcome::kExitCode, fmt::format("exit {}", event.code)};
    case ExitHow::kSignalled: return {Outcome::kCrash, fmt::format("signal {}", event.code)};
    case ExitHow::kTimedOut: return {Outcome::kTimeout, "timed out"};
    case ExitHow::kCancelled: return {Outcome::kCancelled, "cancelled"};
    case ExitHow::kOutputLimit: return {Outcome::kOutputLimit, "too much output"};
    case ExitHow::kSpawnFailed: return {Outcome::kSpawnFailed, "could not be started"};
    case ExitHow::kLost: return {Outcome::kLost, "its process was lost"};
    case ExitHow::kStarved: return {Outcome::kWorld, "could not be started"};
    case ExitHow::kAuth: return {Outcome::kAuth, "its credential was not accepted"};
    case ExitHow::kLimited: return {Outcome::kLimited, "a limit was reached"};
    case ExitHow::kOverloaded: return {Outcome::kOverloaded, "the model's service is overloaded"};
    case ExitHow::kContextExhausted: return {Outcome::kContextExhausted, "its context is full"};
    case ExitHow::kDeclined: return {Outcome::kDeclined, "the model declined"};
    case ExitHow::kBudgetSpent: return {Outcome::kBudgetSpent, "its budget is spent"};
  }
  return {Outcome::kLost, "?"};
}

std::string over_budget_text(const Core& core, const Task& task) {
  return fmt::format("spent {}, and its budget is {}", plan::to_string(task.spent),
                     plan::to_string(*agent_of(core, task)->budget));
}

void exited_badly(Core& core, Task& task, const Exited& event) {
  Ending ending = classify(event);
  if (!event.detail.empty())
    ending.detail = event.detail.starts_with(ending.detail) ? event.detail
                                                            : ending.detail + ": " + event.detail;
  if (ending.outcome == Outcome::kCancelled && task.over_budget) {
    lose_attempt(core, task, Outcome::kBudgetSpent, over_budget_text(core, task));
    return;
  }
  if (ending.outcome == Outcome::kCancelled && task.stop_cancelled) {
    task.outcome = Outcome::kCancelled;
    task.detail = ending.detail;
    give_back(core, task, "was stopped; starts again on resume");
    return;
  }
  if (ending.outcome == Outcome::kLimited) {
    await_limit(core, task, std::move(ending.detail), event.until);
  } else {
    lose_attempt(core, task, ending.outcome, std::move(ending.detail));
  }
}

void keep_capture(Task& task, const Captured& event) {
  task.commit = event.how == CaptureHow::kCommit ? event.commit : std::string();
  task.files = event.files;
  task.insertions = event.insertions;
  task.deletions = event.deletions;
}

// The attempt has proved itself, or nobody asked for proof.
void conclude(Core& core, Task& task) {
  if (!task.commit.empty()) {
    publish(core, task);
  } else if (writes(core, task)) {
    accept_task(core, task, "nothing to change");
  } else {
    accept_task(core, task, task.verdict ? verdict_text(task) : "evidence passed");
  }
}

std::string outside(const Captured& event) {
  std::string text = "changed paths outside `in`";
  for (std::size_t i = 0; i < event.paths.size(); ++i)
    text += (i == 0 ? ": " : ", ") + event.paths[i];
  return text;
}

std::string first_failed_check(const Verified& event) {
  for (const CheckResult& check : event.checks) {
    if (!check.passed)
      return fmt::format("evidence failed: {}: {}", check.text, check.detail);
  }
  return "evidence failed";
}

// Nothing was spent: its owner is asked, and then it begins. Nobody owns it: it ends here.
void lack_credential(Core& core, Task& task, const Prepared& event) {
  task.outcome = Outcome::kAuth;
  task.detail = event.error;
  if (!ask_for_credential(core, task, event.error, event.credential))
    give_up(core, task, Outcome::kAuth, event.error);
}

}  // namespace

bool is_review(const plan::Plan& plan, NodeIndex node) {
  const auto& agents = plan.nodes[node.value].agents;
  return !agents.empty() && plan.agents[agents.front().value].returns == plan::Returns::kVerdict;
}

const plan::Agent* agent_of(const Core& core, const Task& task) {
  if (core.plan_of(task).agents.empty())
    return nullptr;
  return &core.plan.agents[core.state.sessions[task.session.value].agent.value];
}

void publish(Core& core, Task& task) {
  set_phase(core, task, Phase::kPublishing, "its branch is being moved");
  core.command(Publish{attempt_of(task), task.commit});
  free_place(core, task);
  leave_seat(core, task);
}

Launch launch_command(const Task& task) {
  return {attempt_of(task), task.session};
}

Verify verify_command(const Task& task) {
  return {attempt_of(task), task.commit.empty() ? task.start : task.commit};
}

void on(Core& core, const PathsShared& event) {
  Task& task = core.state.tasks[event.attempt.task.value];
  if (task.phase == Phase::kPreparing || task.phase == Phase::kRunning)
    task.shares = event.with;
}

void on(Core& core, const Prepared& event) {
  Task& task = core.state.tasks[event.attempt.task.value];
  if (task.phase != Phase::kPreparing || drop_if_unwanted(core, task))
    return;
  if (!event.error.empty() && !event.credential.empty()) {
    lack_credential(core, task, event);
    return;
  }
  if (!event.error.empty() && event.refused) {
    give_up(core, task, Outcome::kRefused, event.error);
    return;
  }
  if (!event.error.empty()) {
    lose_attempt(core, task, Outcome::kWorld, "its worktree could not be made: " + event.error);
    return;
  }
  if (std::string held = lease(core, task, event.branch); !held.empty()) {
    give_up(core, task, Outcome::kRefused, std::move(held));
    return;
  }
  if (!event.start.empty())
    task.start = event.start;
  task.branch = event.branch;
  task.slot = event.slot;
  if (core.state.draining) {
    give_back(core, task, "was not started; starts on resume");
    return;
  }
  set_phase(core, task, Phase::kRunning, "its process runs");
  core.command(launch_command(task));
}

void on(Core& core, const Exited& event) {
  Task& task = core.state.tasks[event.attempt.task.value];
  if (task.phase != Phase::kRunning || is_merge(core, task))
    return;
  task.duration = event.duration;
  task.work += event.duration;
  task.captured_at = core.now;
  if (drop_if_unwanted(core, task))
    return;
  const bool by_itself = event.how == ExitHow::kExited;
  if (by_itself && !task.asks_human.empty()) {
    exited_asking(core, task);
  } else if (by_itself && task.said_done == false) {
    exited_saying_no(core, task);
  } else if (by_itself && event.code == 0) {
    exited_well(core, task);
  } else {
    exited_badly(core, task, event);
  }
}

void on(Core& core, const Captured& event) {
  Task& task = core.state.tasks[event.attempt.task.value];
  if (task.phase != Phase::kSettling || drop_if_unwanted(core, task))
    return;
  keep_capture(task, event);
  switch (event.how) {
    case CaptureHow::kCommit:
    case CaptureHow::kEmpty:
      if (!task.asks_human.empty()) {
        task.outcome = Outcome::kNone;
        escalate(core, task, "asks for a human: " + task.asks_human);
      } else if (has_evidence(core, task)) {
        await_evidence(core, task);
      } else {
        conclude(core, task);
      }
      return;
    case CaptureHow::kOutside:
      lose_attempt(core, task, Outcome::kOutsidePaths, outside(event));
      return;
    case CaptureHow::kRefused:
      lose_attempt(core, task, Outcome::kRefused, "cannot be committed: " + event.detail);
      return;
    case CaptureHow::kError:
      lose_attempt(core, task, Outcome::kWorld, "could not be committed: " + event.detail);
      return;
  }
}

void on(Core& core, const Verified& event) {
  Task& task = core.state.tasks[event.attempt.task.value];
  if (task.phase != Phase::kVerifying || !task.placed || drop_if_unwanted(core, task))
    return;
  task.checks = event.checks;
  if (!event.error.empty()) {
    lose_attempt(core, task, Outcome::kWorld, "evidence could not be gathered: " + event.error);
  } else if (!event.passed) {
    lose_attempt(core, task, Outcome::kEvidenceFailed, first_failed_check(event));
  } else {
    conclude(core, task);
  }
}

void on(Core& core, const Published& event) {
  Task& task = core.state.tasks[event.attempt.task.value];
  if (task.phase != Phase::kPublishing)
    return;
  if (!event.error.empty()) {
    give_up(core, task, Outcome::kWorld, "its branch could not be moved: " + event.error);
    return;
  }
  if (!event.branch.empty())
    task.branch = event.branch;
  accept_task(core, task, task.decision ? "let pass by " + task.decision->by : "accepted");
}

void on(Core& core, const TimerFired& event) {
  Task& task = core.state.tasks[event.attempt.task.value];
  if (task.phase == Phase::kParked)
    return gate_expired(core, task);
  if (task.phase != Phase::kReady || task.not_before == 0)
    return;
  task.not_before = 0;
  set_phase(core, task, Phase::kReady, "waits for a free place, its backoff is over");
  enqueue(core, task);
}

}  // namespace fleet::run
