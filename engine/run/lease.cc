// Leases: a branch is one task's for the whole run, whatever became of that task. The compiler
// proves of most fleets that no two tasks can claim one (F302); what it leaves open is decided
// here.
#include <fmt/format.h>

#include "engine/run/core.h"

namespace fleet::run {

std::optional<Held> held_against(const std::map<std::string, TaskIndex>& leases, TaskIndex task,
                                 const std::string& branch) {
  const auto other = [&](auto lease) {
    return lease != leases.end() && lease->second != task;
  };
  for (std::size_t end = branch.find('/'); end != std::string::npos;
       end = branch.find('/', end + 1)) {
    if (const auto above = leases.find(branch.substr(0, end)); other(above))
      return Held{above->first, above->second};
  }
  if (const auto same = leases.find(branch); other(same))
    return Held{same->first, same->second};
  const std::string folder = branch + "/";
  for (auto below = leases.lower_bound(folder);
       below != leases.end() && below->first.starts_with(folder); ++below) {
    if (below->second != task)
      return Held{below->first, below->second};
  }
  return std::nullopt;
}

std::string why_held(const plan::Plan& plan, const State& state, const std::string& branch,
                     const Held& held) {
  const Task& task = state.tasks[held.by.value];
  const std::string& step = plan.nodes[task.node.value].name;
  const std::string who = task.item.empty() ? step : fmt::format("{} [{}]", step, task.item);
  if (held.branch == branch)
    return fmt::format("the branch `{}` is {}'s in this run: a task has one of its own", branch,
                       who);
  return fmt::format(
      "the branch `{}` cannot exist beside `{}`, which is {}'s in this run: git keeps branches as "
      "files and folders",
      branch, held.branch, who);
}

std::string lease(Core& core, const Task& task, const std::string& branch) {
  if (branch.empty())
    return {};
  if (const auto held = held_against(core.state.leases, task.index, branch))
    return why_held(core.plan, core.state, branch, *held);
  core.state.leases.emplace(branch, task.index);
  return {};
}

}  // namespace fleet::run
