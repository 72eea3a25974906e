// What sessions say of themselves. Kept as it was said; what follows from it is drawn when the
// session ends.
#include <algorithm>

#include "engine/run/core.h"

namespace fleet::run {

namespace {

// The task, while its session may speak: what is said after the exit was recorded is too late.
Task* speaking(Core& core, Attempt attempt) {
  Task& task = core.state.tasks[attempt.task.value];
  return task.phase == Phase::kRunning ? &task : nullptr;
}

// Whatever a service says of its figures, the sum over all tasks stays in range.
std::int64_t added(std::int64_t micros, std::int64_t more) {
  constexpr std::int64_t kMost = 1'000'000'000'000'000;  // a billion dollars
  return std::min(micros + std::min(more, kMost), kMost);
}

}  // namespace

void on(Core& core, const FindingFiled& event) {
  Task* task = speaking(core, event.attempt);
  if (task == nullptr)
    return;
  const auto known = std::ranges::find(task->findings, event.finding.id, &Finding::id);
  if (known == task->findings.end()) {
    task->findings.push_back(event.finding);
  } else if (*known == event.finding) {
    return;
  } else {
    *known = event.finding;
  }
  if (event.finding.severity < Severity::kMajor)
    return;
  task->objected_by = core.state.events;
  // Whoever finds that after approving has to say anew what follows from it.
  if (task->verdict == Verdict::kApproved)
    task->verdict.reset();
}

void on(Core& core, const VerdictGiven& event) {
  if (Task* task = speaking(core, event.attempt)) {
    task->verdict = event.verdict;
    task->judged_by = core.state.events;
    task->summary = event.summary;
  }
}

void on(Core& core, const IdentityRead& event) {
  Task* task = speaking(core, event.attempt);
  if (task != nullptr && std::ranges::find(task->read, event.name) == task->read.end())
    task->read.push_back(event.name);
}

void on(Core& core, const TaskTaken& event) {
  if (Task* task = speaking(core, event.attempt))
    task->taken = true;
}

void on(Core& core, const NoteSaved& event) {
  Task* task = speaking(core, event.attempt);
  if (task == nullptr)
    return;
  std::uint32_t& count = event.kind == NoteKind::kHandoff ? task->handoffs : task->checkpoints;
  count = std::max(count, event.number);
}

void on(Core& core, const Escalated& event) {
  if (Task* task = speaking(core, event.attempt))
    task->asks_human = event.why;
}

void on(Core& core, const Concluded& event) {
  if (Task* task = speaking(core, event.attempt)) {
    task->said_done = event.done;
    task->summary = event.summary;
  }
}

// Also after the exit, and of an attempt before: what was used was used.
void on(Core& core, const Metered& event) {
  Task& task = core.state.tasks[event.attempt.task.value];
  Used& used = task.used;
  used.money.micros = added(used.money.micros, event.micros);
  used.input_tokens += event.input_tokens;
  used.cached_tokens += event.cached_tokens;
  used.output_tokens += event.output_tokens;
  if (task.epoch != event.attempt.epoch)
    return;
  task.spent.micros = added(task.spent.micros, event.micros);
  const plan::Agent* agent = task.phase == Phase::kRunning ? agent_of(core, task) : nullptr;
  if (agent == nullptr || !agent->budget || task.spent <= *agent->budget || task.over_budget)
    return;
  task.over_budget = true;
  core.command(Cancel{attempt_of(task)});
}

}  // namespace fleet::run
