#include "engine/report/keeping.h"

#include <algorithm>

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "engine/report/words.h"

namespace fleet::report {
namespace {

// Null for plain commands.
const plan::Agent* agent_of(const plan::Plan& plan, const run::State& state,
                            const run::Task& task) {
  if (plan.nodes[task.node.value].agents.empty() || task.session.value >= state.sessions.size())
    return nullptr;
  return &plan.agents[state.sessions[task.session.value].agent.value];
}

std::string missed_checkpoints(const plan::Agent& agent, plan::Millis duration,
                               std::uint32_t saved) {
  if (!agent.checkpoint || agent.checkpoint->count() <= 0)
    return {};
  const auto due = static_cast<std::uint64_t>(duration / *agent.checkpoint);
  if (saved >= due)
    return {};
  return fmt::format("saved {} of the {} that were due, one every {}", saved,
                     counted(due, "checkpoint"), plan::to_string(*agent.checkpoint));
}

bool was_ended(run::ExitHow how) {
  return how == run::ExitHow::kCancelled || how == run::ExitHow::kTimedOut;
}

}  // namespace

void Keeping::join(const plan::Plan& plan, const run::State& state) {
  joined_ = true;
  for (const run::Task& task : state.tasks)
    if (task.phase == run::Phase::kRunning)
      running_[task.index] = {task.epoch, agent_of(plan, state, task), task.checkpoints,
                              task.handoffs};
}

std::string Keeping::saw(const plan::Plan& plan, const run::State& state, const run::Event& event) {
  if (!joined_)
    join(plan, state);
  if (const auto* prepared = std::get_if<run::Prepared>(&event.body)) {
    const run::TaskIndex index = prepared->attempt.task;
    if (index.value < state.tasks.size())
      running_[index] = {prepared->attempt.epoch, agent_of(plan, state, state.tasks[index.value]),
                         0, 0};
  } else if (const auto* note = std::get_if<run::NoteSaved>(&event.body)) {
    const auto kept = running_.find(note->attempt.task);
    if (kept == running_.end() || kept->second.epoch != note->attempt.epoch)
      return {};
    std::uint32_t& count =
        note->kind == run::NoteKind::kHandoff ? kept->second.handoffs : kept->second.checkpoints;
    count = std::max(count, note->number);
  } else if (const auto* exited = std::get_if<run::Exited>(&event.body)) {
    const auto found = running_.find(exited->attempt.task);
    if (found == running_.end() || found->second.epoch != exited->attempt.epoch)
      return {};
    const Kept kept = found->second;
    running_.erase(found);
    if (kept.agent == nullptr)
      return {};
    std::string missed = missed_checkpoints(*kept.agent, exited->duration, kept.checkpoints);
    if (kept.agent->handoff.shutdown && was_ended(exited->how) && kept.handoffs == 0)
      missed += fmt::format("{}left no handoff", missed.empty() ? "" : "; ");
    return missed;
  }
  return {};
}

}  // namespace fleet::report
