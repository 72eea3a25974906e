// Phases and the counts that hang on them. Knows no rule of when a phase changes.
#include "engine/base/check.h"
#include "engine/run/core.h"

namespace fleet::run {

namespace {

bool is_in_flight(Phase phase) {
  return phase >= Phase::kAdmitted && phase <= Phase::kPublishing;
}
bool is_in_flight(NodePhase phase) {
  return phase == NodePhase::kListing || phase == NodePhase::kDeciding;
}

void count_change(std::uint32_t& count, bool before, bool after) {
  if (after && !before)
    ++count;
  if (before && !after)
    --count;
}

}  // namespace

Task& add_task(Core& core, NodeIndex node, std::string item, std::string reason) {
  NodeState& owner = core.state_of(node);
  Task task;
  task.index = {static_cast<std::uint32_t>(core.state.tasks.size())};
  task.node = node;
  task.item = std::move(item);
  task.item_index = static_cast<std::uint32_t>(owner.tasks.size());
  task.reason = std::move(reason);
  task.since = core.now;
  owner.tasks.push_back(task.index);
  core.state.tasks.push_back(std::move(task));
  return core.state.tasks.back();
}

void set_phase(Core& core, Task& task, Phase to, std::string reason) {
  FLEET_ASSERT(!is_settled(task.phase), task.index.value, name_of(task.phase), name_of(to));
  core.effects.transitions.push_back({task.index, task.epoch, task.phase, to, reason});
  count_change(core.state.in_flight, is_in_flight(task.phase), is_in_flight(to));
  if (task.phase == Phase::kVerifying)
    --core.state.unspent;
  if (to == Phase::kVerifying)
    ++core.state.unspent;
  count_change(core.state.ready, task.phase == Phase::kReady, to == Phase::kReady);
  count_change(core.state.parked, task.phase == Phase::kParked, to == Phase::kParked);
  task.phase = to;
  task.reason = std::move(reason);
  task.since = core.now;
}

void set_phase(Core& core, NodeState& node, NodePhase to) {
  FLEET_ASSERT(node.phase != NodePhase::kSettled, static_cast<int>(to));
  count_change(core.state.in_flight, is_in_flight(node.phase), is_in_flight(to));
  if (node.phase == NodePhase::kListing)
    --core.state.unspent;
  if (to == NodePhase::kListing)
    ++core.state.unspent;
  node.phase = to;
}

void take_place(Core& core, Task& task) {
  FLEET_ASSERT(!task.placed, task.index.value);
  task.placed = true;
  ++core.state.busy;
}

void free_place(Core& core, Task& task) {
  if (!task.placed)
    return;
  task.placed = false;
  --core.state.busy;
}

}  // namespace fleet::run
