// Edges: when a node fires them, when its dependents open, and why one never will. An edge is
// decided when its node settles, so that the reason carries the final counts.
#include <fmt/format.h>

#include "dsl/plan/words.h"
#include "engine/run/core.h"

namespace fleet::run {

using plan::EdgeKind;
using plan::NodeKind;

namespace {

bool had_no_items(const plan::Plan& plan, const State& state, NodeIndex index) {
  const NodeState& node = state.nodes[index.value];
  return plan.nodes[index.value].kind == NodeKind::kFanout && node.tasks.empty() &&
         !node.unreachable;
}

}  // namespace

bool can_fire(const plan::Plan& plan, const State& state, NodeIndex index, EdgeKind kind) {
  const NodeState& node = state.nodes[index.value];
  const bool settled = node.phase == NodePhase::kSettled;
  switch (kind) {
    case EdgeKind::kDone: return true;
    case EdgeKind::kFailed: return !settled || node.failed > 0;
    case EdgeKind::kSomeAccepted: return !settled || node.accepted > 0;
    case EdgeKind::kMerged: return settled ? node.merged : node.failed == 0;
    case EdgeKind::kAccepted:
      if (node.failed > 0)
        return false;
      return !settled || node.accepted > 0 || had_no_items(plan, state, index);
    case EdgeKind::kApproved:
      if (node.failed + node.skipped + node.changes_requested > 0)
        return false;
      return !settled || node.approved > 0;
    case EdgeKind::kChangesRequested:
      return node.failed == 0 && (!settled || node.changes_requested > 0);
  }
  return false;
}

bool fired(const plan::Plan& plan, const State& state, NodeIndex index, EdgeKind kind) {
  return state.nodes[index.value].phase == NodePhase::kSettled &&
         can_fire(plan, state, index, kind);
}

namespace {

std::string counts(const NodeState& node) {
  std::string text;
  if (node.failed > 0)
    text = fmt::format("{} of {} items failed", node.failed, node.tasks.size());
  if (node.skipped > 0) {
    text += text.empty()
                ? fmt::format("{} of {} items were skipped", node.skipped, node.tasks.size())
                : fmt::format(", {} were skipped", node.skipped);
  }
  return text.empty() ? std::string("there were no items") : text;
}

void open_node(Core& core, NodeIndex index) {
  NodeState& node = core.state_of(index);
  switch (core.plan_of(index).kind) {
    case NodeKind::kFanout:
      if (core.plan_of(index).fanout->source.kind == plan::FanoutSource::Kind::kFindings)
        return list_findings(core, index);
      set_phase(core, node, NodePhase::kListing);
      core.command(ListItems{index});
      return;
    case NodeKind::kTask:
    case NodeKind::kRun:
    case NodeKind::kMerge: {
      set_phase(core, node, NodePhase::kOpen);
      Task& task = core.state.tasks[node.tasks.front().value];
      set_phase(core, task, Phase::kReady, "waits for a free place");
      enqueue(core, task);
      return;
    }
    case NodeKind::kHuman:
      set_phase(core, node, NodePhase::kOpen);
      open_decision(core, index);
      return;
    case NodeKind::kAll: join_all(core, index); return;
    case NodeKind::kAny:
    case NodeKind::kLoop:
    case NodeKind::kLast: give_up(core, index, "joins no steps"); return;
  }
}

void tell(Core& core, NodeIndex from, const Schedule::Dependent& dependent) {
  NodeState& node = core.state_of(dependent.node);
  if (node.phase != NodePhase::kWaiting)
    return;
  const plan::Edge edge{from, dependent.kind};
  if (is_disjunction(core.plan_of(dependent.node).kind)) {
    --node.unfired;
    join_one(core, dependent.node, edge);
    return;
  }
  if (!fired(core.plan, core.state, from, dependent.kind)) {
    node.stopped = core.state_of(from).stopped;
    make_unreachable(core, dependent.node, why_not(core.plan, core.state, edge));
    return;
  }
  if (--node.unfired == 0)
    open_node(core, dependent.node);
}

bool has_one_task(NodeKind kind) {
  return kind == NodeKind::kTask || kind == NodeKind::kRun || kind == NodeKind::kMerge ||
         kind == NodeKind::kHuman;
}

void size_queues(const plan::Plan& plan, WorkLists& queue) {
  queue.ready.resize(plan.nodes.size());
  queue.later.resize(plan.nodes.size());
  queue.idle.resize(plan.nodes.size());
  queue.routed.resize(plan.nodes.size());
  queue.sessions_ever.resize(plan.nodes.size(), 0);
  queue.for_agent.resize(plan.agents.size());
  queue.agent_open.resize(plan.agents.size(), false);
}

}  // namespace

std::string what_became_of(const plan::Plan& plan, const State& state, NodeIndex index) {
  const plan::Node& node = plan.nodes[index.value];
  const NodeState& now = state.nodes[index.value];
  if (now.unreachable)
    return fmt::format("`{}` was never started", node.name);
  if (!now.reason.empty())
    return now.reason;
  if (node.kind == NodeKind::kFanout)
    return counts(now);
  if (now.tasks.empty())
    return fmt::format("`{}` ended otherwise", node.name);
  const Task& task = state.tasks[now.tasks.front().value];
  const bool skipped = task.phase == Phase::kSkipped || task.phase == Phase::kCancelled;
  return fmt::format("`{}` {}: {}", node.name,
                     now.skipped > 0 && skipped ? "was skipped" : "failed", task.reason);
}

std::string edge_name(const plan::Plan& plan, const plan::Edge& edge) {
  return fmt::format("`{}.{}`", plan.nodes[edge.from.value].name, plan::word_of(edge.kind));
}

void make_unreachable(Core& core, NodeIndex index, const std::string& reason) {
  NodeState& node = core.state_of(index);
  node.unreachable = true;
  node.reason = reason;
  for (const TaskIndex task : node.tasks) {
    set_phase(core, core.state.tasks[task.value], Phase::kSkipped, reason);
  }
  node.settled = static_cast<std::uint32_t>(node.tasks.size());
  settle_node(core, index);
}

std::string why_not(const plan::Plan& plan, const State& state, const plan::Edge& edge) {
  const plan::Node& node = plan.nodes[edge.from.value];
  const NodeState& now = state.nodes[edge.from.value];
  const bool bad = now.unreachable || now.failed + now.skipped > 0;
  std::string why;
  if (edge.kind == EdgeKind::kFailed && !now.unreachable) {
    why = "nothing failed";
  } else if (!bad && edge.kind == EdgeKind::kApproved && now.changes_requested > 0) {
    why = node.kind == NodeKind::kHuman ? "it was refused" : "it wants changes";
  } else if (!bad && edge.kind == EdgeKind::kChangesRequested && now.approved > 0) {
    why = "it was approved";
  } else if (!bad &&
             (edge.kind == EdgeKind::kApproved || edge.kind == EdgeKind::kChangesRequested)) {
    why = "it gave no verdict";
  } else if (edge.kind == EdgeKind::kMerged && node.kind != NodeKind::kMerge &&
             !is_joint(node.kind)) {
    why = "it merges nothing";
  } else {
    why = what_became_of(plan, state, edge.from);
  }
  return fmt::format("{} cannot fire: {}", edge_name(plan, edge), why);
}

void open_run(Core& core) {
  State& state = core.state;
  state.schedule = make_schedule(core.plan);
  size_queues(core.plan, state.queue);
  state.nodes.resize(core.plan.nodes.size());
  for (std::uint32_t i = 0; i < core.plan.nodes.size(); ++i) {
    const plan::Node& node = core.plan.nodes[i];
    state.nodes[i].unfired = static_cast<std::uint32_t>(node.after.size());
    if (!has_one_task(node.kind))
      continue;
    add_task(core, {i}, "",
             node.after.empty() ? "" : "waits for " + edge_name(core.plan, node.after.front()));
  }
  for (std::uint32_t i = 0; i < core.plan.nodes.size(); ++i) {
    if (core.plan.nodes[i].after.empty())
      open_node(core, {i});
  }
}

void settle_node(Core& core, NodeIndex index) {
  NodeState& node = core.state_of(index);
  set_phase(core, node, NodePhase::kSettled);
  node.settled_by = core.state.events;
  ++core.state.nodes_settled;
  if (node.failed > 0)
    ++core.state.nodes_failed;
  core.settled.push_back(index);
}

void fail_node(Core& core, NodeIndex index, const std::string& reason) {
  NodeState& node = core.state_of(index);
  node.failed = 1;
  node.reason = reason;
  settle_node(core, index);
}

void tell_dependents(Core& core) {
  while (!core.settled.empty()) {
    const NodeIndex from = core.settled.back();
    core.settled.pop_back();
    const Schedule& schedule = core.state.schedule;
    for (std::uint32_t i = schedule.first[from.value]; i < schedule.first[from.value + 1]; ++i) {
      tell(core, from, schedule.dependents[i]);
    }
  }
}

}  // namespace fleet::run
