// The order in which nodes are served when places are scarce. Figures are priors from the plan,
// used for nothing but this order.
#include <algorithm>
#include <numeric>

#include "engine/run/core.h"

namespace fleet::run {

namespace {

// Where nothing was declared: an agent's task is long beside a command or a merge.
constexpr double kAgentMillis = 60'000;
constexpr double kCommandMillis = 1'000;

// Items as far as the plan can tell; 0: only the run can.
double items_of(const plan::Fanout& fanout) {
  const plan::FanoutSource& source = fanout.source;
  double items = 0;
  if (source.kind == plan::FanoutSource::Kind::kList) {
    items = static_cast<double>(source.list.size());
  } else if (source.kind == plan::FanoutSource::Kind::kRange) {
    items = static_cast<double>(source.last) - static_cast<double>(source.first) + 1;
  } else {
    items = fanout.limit.value_or(0);
  }
  return fanout.limit ? std::min<double>(items, *fanout.limit) : items;
}

// How often a session's turn comes: ceil(N / W), once when N is unknown.
double rounds_of(const plan::Node& node) {
  const double items = items_of(*node.fanout);
  const double width = std::max<double>(
      1, node.fanout->width.value_or(static_cast<std::uint32_t>(node.agents.size())));
  return std::max(1.0, static_cast<double>(static_cast<std::int64_t>((items + width - 1) / width)));
}

double weight_of(const plan::Node& node) {
  const bool agents = node.kind == plan::NodeKind::kTask || node.kind == plan::NodeKind::kFanout;
  double each = agents ? kAgentMillis : kCommandMillis;
  if (node.est)
    each = static_cast<double>(node.est->count());
  if (!node.fanout)
    return each;
  if (node.fanout->est)
    each = static_cast<double>(node.fanout->est->count());
  return each * rounds_of(node);
}

void index_dependents(const plan::Plan& plan, Schedule& schedule) {
  schedule.first.assign(plan.nodes.size() + 1, 0);
  for (const plan::Node& node : plan.nodes) {
    for (const plan::Edge& edge : node.after)
      ++schedule.first[edge.from.value + 1];
  }
  std::partial_sum(schedule.first.begin(), schedule.first.end(), schedule.first.begin());
  schedule.dependents.resize(schedule.first.back());
  std::vector<std::uint32_t> next(schedule.first.begin(), schedule.first.end() - 1);
  for (std::uint32_t i = 0; i < plan.nodes.size(); ++i) {
    for (const plan::Edge& edge : plan.nodes[i].after) {
      schedule.dependents[next[edge.from.value]++] = {{i}, edge.kind};
    }
  }
}

// A node's own weight and the heaviest way from it to the end. Nodes are in topological order.
std::vector<double> remaining_paths(const plan::Plan& plan) {
  std::vector<double> remaining(plan.nodes.size(), 0);
  for (std::size_t i = plan.nodes.size(); i-- > 0;) {
    remaining[i] += weight_of(plan.nodes[i]);
    for (const plan::Edge& edge : plan.nodes[i].after) {
      double& before = remaining[edge.from.value];
      before = std::max(before, remaining[i]);
    }
  }
  return remaining;
}

}  // namespace

Schedule make_schedule(const plan::Plan& plan) {
  Schedule schedule;
  index_dependents(plan, schedule);
  const std::vector<double> remaining = remaining_paths(plan);
  schedule.by_rank.resize(plan.nodes.size());
  for (std::uint32_t i = 0; i < plan.nodes.size(); ++i)
    schedule.by_rank[i] = {i};
  std::stable_sort(schedule.by_rank.begin(), schedule.by_rank.end(), [&](NodeIndex a, NodeIndex b) {
    return remaining[a.value] > remaining[b.value];
  });
  schedule.rank.resize(plan.nodes.size());
  for (std::uint32_t r = 0; r < schedule.by_rank.size(); ++r) {
    schedule.rank[schedule.by_rank[r].value] = r;
  }
  return schedule;
}

}  // namespace fleet::run
