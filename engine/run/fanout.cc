// Fan-outs: items become tasks, in the order that the spawn check decides.
#include <algorithm>

#include <fmt/format.h>

#include "engine/run/core.h"

namespace fleet::run {

namespace {

// The decided order; whatever it leaves out follows in the order of the list, so that a faulty
// decision can delay an item but never lose one.
std::vector<TaskIndex> in_order(const NodeState& node, const std::vector<std::uint32_t>& order) {
  std::vector<TaskIndex> tasks;
  tasks.reserve(node.tasks.size());
  std::vector<bool> taken(node.tasks.size(), false);
  const auto take = [&](std::uint32_t item) {
    if (item >= taken.size() || taken[item])
      return;
    taken[item] = true;
    tasks.push_back(node.tasks[item]);
  };
  for (const std::uint32_t item : order)
    take(item);
  for (std::uint32_t item = 0; item < taken.size(); ++item)
    take(item);
  return tasks;
}

// `places`: which of the node's agents each item goes to; empty where any may take any.
template <class Places>
void take_items(Core& core, NodeIndex index, const std::vector<std::string>& items,
                const Places& places) {
  const auto& agents = core.plan_of(index).agents;
  NodeState& node = core.state_of(index);
  node.routed = !items.empty() && places.size() >= items.size();
  if (node.routed)
    core.state.queue.routed[index.value].resize(agents.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    Task& task = add_task(core, index, items[i], "waits for the spawn check");
    if (node.routed)
      task.agent =
          agents[std::min<std::size_t>(static_cast<std::size_t>(places[i]), agents.size() - 1)];
  }
  if (items.empty()) {
    settle_node(core, index);
    return;
  }
  set_phase(core, node, NodePhase::kDeciding);
  core.command(DecideSpawn{index});
}

}  // namespace

// Findings are in the state: nobody has to be asked for them.
void list_findings(Core& core, NodeIndex index) {
  const plan::Fanout& fanout = *core.plan_of(index).fanout;
  const std::vector<Finding> findings = findings_of(core.plan, core.state, *fanout.source.of);
  core.state_of(index).found = findings.size();
  const std::size_t most =
      std::min<std::size_t>(findings.size(), fanout.limit.value_or(findings.size()));
  const std::vector<int> places = routes_of(core, index, findings);
  std::vector<std::string> items;
  for (std::size_t i = 0; i < most; ++i) {
    if (!places.empty() && places[i] < 0) {
      fail_node(core, index,
                fmt::format("finding {} goes to nobody: no route takes its {}", findings[i].id,
                            fanout.route_by));
      return;
    }
    items.push_back(findings[i].id);
  }
  take_items(core, index, items, places);
}

void on(Core& core, const ItemsListed& event) {
  NodeState& node = core.state.nodes[event.node.value];
  if (node.phase != NodePhase::kListing)
    return;
  node.found = event.found;
  if (!event.error.empty()) {
    fail_node(core, event.node, event.error);
    return;
  }
  take_items(core, event.node, event.items, event.agents);
}

void on(Core& core, const SpawnDecided& event) {
  NodeState& node = core.state.nodes[event.node.value];
  if (node.phase != NodePhase::kDeciding)
    return;
  node.decision = event;
  node.sessions_max = std::max(1U, event.sessions);
  set_phase(core, node, NodePhase::kOpen);
  std::vector<TaskIndex> tasks = in_order(node, event.order);
  for (const TaskIndex task : tasks) {
    set_phase(core, core.state.tasks[task.value], Phase::kReady, "waits for a free place");
    if (node.routed)
      enqueue(core, core.state.tasks[task.value]);
  }
  if (node.routed)
    return;
  core.state.queue.ready[event.node.value].assign(tasks.rbegin(), tasks.rend());
  offer(core, event.node);
}

}  // namespace fleet::run
