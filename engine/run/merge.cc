// Merges: what becomes of one.
#include <fmt/format.h>

#include "engine/run/core.h"

namespace fleet::run {

namespace {

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
  const plan::Merge& merge = *core.plan_of(task).merge;
  if (!merge.into_base && !merge.into_step && !event.branch.empty())
    core.state.leases.emplace(event.branch, task.index);  // that it was free was asked before
  if (const auto& into = core.plan_of(task).merge->into_step; into && !event.commit.empty())
    move_tip(core, stand_in(core.state, *into), event.commit);
  accept_task(core, task, event.how == MergeHow::kMerged ? "merged" : "nothing to merge");
}

}  // namespace

DoMerge merge_command(const Task& task) {
  return {attempt_of(task), task.start, task.takes};
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
