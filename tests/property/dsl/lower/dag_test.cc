// Order and critical path against naive answers.
#include "dsl/lower/dag.h"

#include <rapidcheck.h>

#include <algorithm>

#include <catch2/catch.hpp>

namespace fleet::lower {
namespace {

rc::Gen<std::vector<Arc>> arcs_of(std::size_t nodes, bool acyclic) {
  return rc::gen::container<std::vector<Arc>>(rc::gen::exec([nodes, acyclic] {
    const auto a = *rc::gen::inRange<std::size_t>(0, nodes);
    const auto b = *rc::gen::inRange<std::size_t>(0, nodes);
    return acyclic ? Arc{std::min(a, b), std::max(a, b) + (a == b ? 1 : 0)} : Arc{a, b};
  }));
}

// The heaviest way to `node`, every path tried.
std::int64_t heaviest(std::size_t node, const std::vector<std::int64_t>& weights,
                      const std::vector<Arc>& arcs) {
  std::int64_t most = 0;
  for (const Arc& arc : arcs) {
    if (arc.to == node)
      most = std::max(most, heaviest(arc.from, weights, arcs));
  }
  return most + weights[node];
}

}  // namespace

TEST_CASE("an order has every step once, after all that come before it, or there is a cycle") {
  CHECK(rc::check([] {
    const auto nodes = *rc::gen::inRange<std::size_t>(1, 9);
    const std::vector<Arc> arcs = *rc::gen::resize(10, arcs_of(nodes, false));
    const std::vector<std::size_t> order = topological_order(nodes, arcs);
    const auto cycles = find_cycles(nodes, arcs);
    RC_CLASSIFY(cycles.empty());
    RC_ASSERT((order.size() == nodes) == cycles.empty());
    for (const auto& cycle : cycles) {
      for (std::size_t i = 0; i < cycle.size(); ++i) {
        const Arc wanted{cycle[i], cycle[(i + 1) % cycle.size()]};
        RC_ASSERT(std::ranges::any_of(
            arcs, [&](const Arc& one) { return one.from == wanted.from && one.to == wanted.to; }));
      }
    }
    if (!cycles.empty())
      return;
    for (const Arc& arc : arcs) {
      RC_ASSERT(std::ranges::find(order, arc.from) < std::ranges::find(order, arc.to));
    }
  }));
}

TEST_CASE("the critical path is a path and none is heavier") {
  CHECK(rc::check([] {
    const auto nodes = *rc::gen::inRange<std::size_t>(1, 8);
    const std::vector<Arc> arcs = *rc::gen::resize(10, arcs_of(nodes, true));
    const auto weights = *rc::gen::container<std::vector<std::int64_t>>(
        nodes + 1, rc::gen::inRange<std::int64_t>(0, 5));
    const std::vector<std::size_t> path = critical_path(weights, arcs);
    std::int64_t weight = 0;
    for (std::size_t i = 0; i < path.size(); ++i) {
      weight += weights[path[i]];
      if (i == 0)
        continue;
      RC_ASSERT(std::ranges::any_of(
          arcs, [&](const Arc& one) { return one.from == path[i - 1] && one.to == path[i]; }));
    }
    for (std::size_t node = 0; node <= nodes; ++node)
      RC_ASSERT(heaviest(node, weights, arcs) <= weight);
  }));
}

}  // namespace fleet::lower
