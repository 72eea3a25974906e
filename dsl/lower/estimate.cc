#include "dsl/lower/estimate.h"

#include <algorithm>
#include <limits>

#include "dsl/lower/dag.h"
#include "dsl/plan/fanout.h"

namespace fleet::lower {
namespace {

constexpr std::int64_t kSaturated = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kUnit = 1000;  // milliseconds of a step that nobody estimated

// Both saturate, so that absurd figures stay absurd and never wrap round to small ones.
std::int64_t times(std::int64_t a, std::int64_t b) {
  if (a == 0 || b == 0)
    return 0;
  return a > kSaturated / b ? kSaturated : a * b;
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return a > kSaturated - b ? kSaturated : a + b;
}

// Of one attempt at one task by whichever agent is dearest; nothing when one of them has no budget.
std::optional<plan::Money> dearest(const plan::Plan& plan, const plan::Node& node) {
  std::optional<plan::Money> most;
  for (const plan::AgentIndex index : node.agents) {
    const std::optional<plan::Money>& budget = plan.agents[index.value].budget;
    if (!budget)
      return std::nullopt;
    if (!most || *most < *budget)
      most = budget;
  }
  return most;
}

// A fan-out whose items only the run knows counts as one round.
std::int64_t rounds(const plan::Plan& plan, const plan::Node& node) {
  const std::uint64_t count = plan::rounds_of(plan, node).value_or(plan::Rounds{1}).count;
  return count > static_cast<std::uint64_t>(kSaturated) ? kSaturated : static_cast<std::int64_t>(count);
}

}  // namespace

std::optional<std::uint64_t> most_items(const plan::Fanout& fanout) {
  std::optional<std::uint64_t> items = plan::declared_items(fanout.source);
  if (fanout.limit && (!items || *items > *fanout.limit))
    items = *fanout.limit;
  return items;
}

plan::WorstCase worst_case(const plan::Plan& plan) {
  plan::WorstCase worst;
  std::int64_t sessions = 0;
  std::int64_t money = 0;
  bool bounded = true;
  bool priced = true;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const plan::Node& node = plan.nodes[i];
    if (node.agents.empty())
      continue;
    plan::WorstTerm term;
    term.node = {static_cast<std::uint32_t>(i)};
    term.attempts = std::uint64_t{node.retries} + 1;
    term.items = node.fanout ? most_items(*node.fanout) : std::optional<std::uint64_t>(1);
    term.each = dearest(plan, node);
    const std::uint64_t items = std::min<std::uint64_t>(term.items.value_or(1), kSaturated);
    const auto tasks =
        times(static_cast<std::int64_t>(term.attempts), static_cast<std::int64_t>(items));
    bounded = bounded && term.items.has_value();
    priced = priced && term.each.has_value();
    sessions = plus(sessions, tasks);
    if (term.each)
      money = plus(money, times(term.each->micros, tasks));
    worst.terms.push_back(term);
  }
  if (bounded)
    worst.sessions = static_cast<std::uint64_t>(sessions);
  if (priced)
    worst.money = plan::Money{money};
  return worst;
}

std::vector<plan::NodeIndex> critical_path(const plan::Plan& plan) {
  std::vector<std::int64_t> weights;
  std::vector<Arc> arcs;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const plan::Node& node = plan.nodes[i];
    const std::int64_t one = node.est ? node.est->count() : kUnit;
    weights.push_back(node.fanout ? times(rounds(plan, node), one) : one);
    for (const plan::Edge& edge : node.after)
      arcs.push_back({edge.from.value, i});
  }
  std::vector<plan::NodeIndex> path;
  for (const std::size_t node : critical_path(weights, arcs)) {
    path.push_back({static_cast<std::uint32_t>(node)});
  }
  return path;
}

}  // namespace fleet::lower
