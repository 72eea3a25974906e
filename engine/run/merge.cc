// Merges, and which commit a step's result is.
#include <unordered_set>

#include <fmt/format.h>

#include "engine/run/core.h"

namespace fleet::run {

namespace {

// A task that changed nothing has no commit of its own: its result is what it started from.
const std::string& result_of(const State& state, NodeIndex node) {
  const auto& tasks = state.nodes[node.value].tasks;
  if (tasks.empty())
    return state.base_commit;
  const Task& task = state.tasks[tasks.front().value];
  if (!task.commit.empty())
    return task.commit;
  return task.start.empty() ? state.base_commit : task.start;
}

std::string with_paths(const Merged& event) {
  std::string text = event.detail;
  if (text.empty())
    text = "conflict";
  for (std::size_t i = 0; i < event.paths.size(); ++i)
    text += (i == 0 ? ": " : ", ") + event.paths[i];
  return text;
}

std::string or_word(const std::string& detail, Outcome outcome) {
  return detail.empty() ? name_of(outcome) : detail;
}

void accept_merge(Core& core, Task& task, const Merged& event) {
  task.commit = event.commit;
  task.branch = event.branch;
  core.state_of(task).merged = true;
  accept_task(core, task, event.how == MergeHow::kMerged ? "merged" : "nothing to merge");
}

}  // namespace

std::string start_commit(const plan::Plan& plan, const State& state, NodeIndex node) {
  const auto& start = plan.nodes[node.value].start;
  return start ? result_of(state, *start) : state.base_commit;
}

DoMerge merge_command(const Core& core, const Task& task) {
  DoMerge command{attempt_of(task), task.start, {}};
  std::unordered_set<std::string> seen;
  for (const NodeIndex from : core.plan_of(task).merge->from) {
    for (const TaskIndex index : core.state.nodes[from.value].tasks) {
      const Task& source = core.state.tasks[index.value];
      if (source.phase != Phase::kDone || source.commit.empty())
        continue;
      if (seen.insert(source.commit).second)
        command.commits.push_back(source.commit);
    }
  }
  return command;
}

void on(Core& core, const Merged& event) {
  Task& task = core.state.tasks[event.attempt.task.value];
  if (core.plan_of(task).kind != plan::NodeKind::kMerge || task.phase != Phase::kRunning)
    return;
  task.checks = event.checks;
  switch (event.how) {
    case MergeHow::kMerged:
    case MergeHow::kNothing: accept_merge(core, task, event); return;
    case MergeHow::kConflict:
      lose_attempt(core, task, Outcome::kConflict, with_paths(event));
      return;
    case MergeHow::kEvidenceFailed:
      lose_attempt(core, task, Outcome::kEvidenceFailed,
                   or_word(event.detail, Outcome::kEvidenceFailed));
      return;
    case MergeHow::kRefused:
      lose_attempt(core, task, Outcome::kRefused, or_word(event.detail, Outcome::kRefused));
      return;
    case MergeHow::kError:
      lose_attempt(core, task, Outcome::kWorld, or_word(event.detail, Outcome::kWorld));
      return;
  }
}

}  // namespace fleet::run
