// Joints: nodes without work of their own, which have the outcome of others. kAll is decided once
// all of its steps are settled; kAny, kLoop and kLast as soon as one edge, or the last, decides.
#include <algorithm>

#include <fmt/format.h>

#include "engine/run/core.h"

namespace fleet::run {

using plan::EdgeKind;
using plan::NodeKind;

namespace {

bool fires(const Core& core, NodeIndex node, EdgeKind kind) {
  return fired(core.plan, core.state, node, kind);
}

bool succeeded(const Core& core, NodeIndex node) {
  return fires(core, node, EdgeKind::kAccepted) || fires(core, node, EdgeKind::kApproved) ||
         fires(core, node, EdgeKind::kMerged);
}

// A review that wants changes did what it was asked for.
bool ended_well(const Core& core, NodeIndex node) {
  return succeeded(core, node) || fires(core, node, EdgeKind::kChangesRequested);
}

bool all_fire(const Core& core, const std::vector<plan::Edge>& edges, EdgeKind kind) {
  return std::ranges::all_of(edges, [&](const plan::Edge& e) { return fires(core, e.from, kind); });
}

bool any_fires(const Core& core, const std::vector<plan::Edge>& edges, EdgeKind kind) {
  return std::ranges::any_of(edges, [&](const plan::Edge& e) { return fires(core, e.from, kind); });
}

// A joint of steps that were never started was not either: the rounds of a loop that never began.
bool skip_if_none_ran(Core& core, NodeIndex index) {
  for (const plan::Edge& edge : core.plan_of(index).after) {
    if (!core.state_of(edge.from).unreachable)
      return false;
  }
  const plan::Edge& first = core.plan_of(index).after.front();
  core.state_of(index).stopped = core.state_of(first.from).stopped;
  make_unreachable(core, index, what_became_of(core.plan, core.state, first.from));
  return true;
}

void stand_for(Core& core, NodeIndex index, NodeIndex from) {
  NodeState& node = core.state_of(index);
  const NodeState& source = core.state_of(from);
  node.stands_for = from;
  node.accepted = fires(core, from, EdgeKind::kAccepted) ? 1 : 0;
  node.approved = fires(core, from, EdgeKind::kApproved) ? 1 : 0;
  node.changes_requested = fires(core, from, EdgeKind::kChangesRequested) ? 1 : 0;
  node.merged = fires(core, from, EdgeKind::kMerged);
  node.failed = source.failed > 0 ? 1 : 0;
  node.skipped = ended_well(core, from) || source.failed > 0 ? 0 : 1;
  node.let_pass = source.let_pass;
  node.stopped = source.stopped;
  if (!ended_well(core, from))
    node.reason = what_became_of(core.plan, core.state, from);
  settle_node(core, index);
}

void cancel_the_rest(Core& core, NodeIndex any, NodeIndex winner) {
  const std::string why = fmt::format("`{}` was first", core.plan_of(winner).name);
  for (const plan::Edge& edge : core.plan_of(any).after) {
    if (edge.from != winner)
      cancel_node(core, edge.from, why);
  }
}

void join_any(Core& core, NodeIndex index, NodeIndex from) {
  if (succeeded(core, from)) {
    stand_for(core, index, from);
    cancel_the_rest(core, index, from);
    return;
  }
  if (core.state_of(index).unfired > 0 || skip_if_none_ran(core, index))
    return;
  const auto& edges = core.plan_of(index).after;
  const auto verdict = std::ranges::find_if(
      edges, [&](const plan::Edge& e) { return fires(core, e.from, EdgeKind::kChangesRequested); });
  if (verdict != edges.end()) {
    stand_for(core, index, verdict->from);
  } else {
    give_up(core, index, what_became_of(core.plan, core.state, from));
  }
}

// The last test that was made, and how many rounds were before it.
std::string why_no_round_helped(const Core& core, NodeIndex index) {
  const auto& tests = core.plan_of(index).after;
  std::size_t last = tests.size() - 1;
  while (core.state.nodes[tests[last].from.value].unreachable)
    --last;
  return fmt::format("{} did not hold after {} of {} rounds: {}", edge_name(core.plan, tests[last]),
                     last, tests.size() - 1, why_not(core.plan, core.state, tests[last]));
}

void join_loop(Core& core, NodeIndex index, const plan::Edge& edge) {
  NodeState& node = core.state_of(index);
  if (fires(core, edge.from, edge.kind)) {
    node.approved = 1;
    node.stands_for = edge.from;
    node.let_pass = core.state_of(edge.from).let_pass;
    settle_node(core, index);
  } else if (node.unfired == 0 && !skip_if_none_ran(core, index)) {
    give_up(core, index, why_no_round_helped(core, index));
  }
}

void join_last(Core& core, NodeIndex index) {
  if (core.state_of(index).unfired > 0 || skip_if_none_ran(core, index))
    return;
  const auto& edges = core.plan_of(index).after;
  for (std::size_t i = edges.size(); i-- > 0;) {
    if (!core.state_of(edges[i].from).unreachable)
      return stand_for(core, index, edges[i].from);
  }
}

}  // namespace

bool is_disjunction(NodeKind kind) {
  return kind == NodeKind::kAny || kind == NodeKind::kLoop || kind == NodeKind::kLast;
}

bool is_joint(NodeKind kind) {
  return kind == NodeKind::kAll || is_disjunction(kind);
}

void join_all(Core& core, NodeIndex index) {
  const auto& edges = core.plan_of(index).after;
  if (skip_if_none_ran(core, index))
    return;
  const auto bad = std::ranges::find_if(
      edges, [&](const plan::Edge& edge) { return !ended_well(core, edge.from); });
  if (bad != edges.end()) {
    give_up(core, index, what_became_of(core.plan, core.state, bad->from));
    return;
  }
  NodeState& node = core.state_of(index);
  node.accepted = all_fire(core, edges, EdgeKind::kAccepted) ? 1 : 0;
  node.approved = all_fire(core, edges, EdgeKind::kApproved) ? 1 : 0;
  node.merged = all_fire(core, edges, EdgeKind::kMerged);
  node.changes_requested = any_fires(core, edges, EdgeKind::kChangesRequested) ? 1 : 0;
  settle_node(core, index);
}

void join_one(Core& core, NodeIndex index, const plan::Edge& edge) {
  switch (core.plan_of(index).kind) {
    case NodeKind::kAny: return join_any(core, index, edge.from);
    case NodeKind::kLoop: return join_loop(core, index, edge);
    default: return join_last(core, index);
  }
}

}  // namespace fleet::run
