// Tips: which commit a step's result is, and what a merge takes of it.
#include <unordered_set>

#include "engine/run/core.h"

namespace fleet::run {

namespace {

// Of several tasks each has a commit of its own.
void take_each(const State& state, NodeIndex node, std::vector<std::string>& commits) {
  for (const TaskIndex index : state.nodes[node.value].tasks) {
    const Task& task = state.tasks[index.value];
    if (task.phase == Phase::kDone && !task.commit.empty())
      commits.push_back(task.commit);
  }
}

// Of a single task what it made, and what was merged into that since. One that changed nothing has
// nothing to merge.
void take_tip(const State& state, NodeIndex node, std::vector<std::string>& commits) {
  const NodeState& now = state.nodes[node.value];
  if (now.tasks.empty())
    return;
  const Task& task = state.tasks[now.tasks.front().value];
  if (task.phase == Phase::kDone && (!task.commit.empty() || now.tip != task.start))
    commits.push_back(now.tip);
}

}  // namespace

NodeIndex stand_in(const State& state, NodeIndex node) {
  while (const auto& other = state.nodes[node.value].stands_for)
    node = *other;
  return node;
}

const std::string& result_of(const plan::Plan& plan, const State& state, NodeIndex of) {
  const NodeIndex index = stand_in(state, of);
  const NodeState& node = state.nodes[index.value];
  if (!node.tip.empty())
    return node.tip;
  if (is_joint(plan.nodes[index.value].kind)) {
    for (const plan::Edge& edge : plan.nodes[index.value].after) {
      if (!state.nodes[edge.from.value].unreachable)
        return result_of(plan, state, edge.from);
    }
    return state.base_commit;
  }
  if (node.tasks.empty())
    return state.base_commit;
  // A task that changed nothing has no commit of its own: its result is what it started from. So is
  // a review's, which reads.
  const Task& task = state.tasks[node.tasks.front().value];
  if (!task.commit.empty())
    return task.commit;
  return task.start.empty() ? state.base_commit : task.start;
}

std::string start_commit(const plan::Plan& plan, const State& state, NodeIndex index) {
  const plan::Node& node = plan.nodes[index.value];
  if (node.start)
    return result_of(plan, state, *node.start);
  if (node.merge && node.merge->into_step)
    return result_of(plan, state, *node.merge->into_step);
  return plan.subject.empty() || node.kind == plan::NodeKind::kMerge ? state.base_commit
                                                                     : plan.subject;
}

void move_tip(Core& core, NodeIndex index, const std::string& commit) {
  NodeState& node = core.state_of(index);
  node.tip_moved = core.state.events;
  if (!commit.empty())
    node.tip = commit;
}

std::vector<std::string> commits_to_merge(const plan::Plan& plan, const State& state,
                                          const plan::Merge& merge) {
  std::vector<std::string> all;
  for (const NodeIndex from : merge.from) {
    const NodeIndex step = stand_in(state, from);
    if (plan.nodes[step.value].kind == plan::NodeKind::kFanout) {
      take_each(state, step, all);
    } else {
      take_tip(state, step, all);
    }
  }
  std::vector<std::string> commits;
  std::unordered_set<std::string> seen;
  for (std::string& commit : all) {
    if (seen.insert(commit).second)
      commits.push_back(std::move(commit));
  }
  return commits;
}

}  // namespace fleet::run
