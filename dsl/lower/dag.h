// The graph of a flow, on plain indices: cycles, order, critical path. Boost.Graph stays in dag.cc.
// Linear in nodes and edges, but for the queue that keeps the order stable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fleet::lower {

// `from` must happen before `to`. Repeats and self-edges are allowed.
struct Arc {
  std::size_t from = 0;
  std::size_t to = 0;
};

// One shortest cycle for each group of nodes that wait for one another, starting at its smallest
// node; groups by smallest node. In {a, b, c} each comes before the next, and c before a.
std::vector<std::vector<std::size_t>> find_cycles(std::size_t nodes, const std::vector<Arc>& arcs);

// Every node after all that come before it; among those that could come next, the smallest first.
// Shorter than `nodes` exactly when there is a cycle.
std::vector<std::size_t> topological_order(std::size_t nodes, const std::vector<Arc>& arcs);

// The heaviest path; ties go to the path that ends at, and comes from, the smaller node.
// REQUIRES: no cycle; one weight a node.
std::vector<std::size_t> critical_path(const std::vector<std::int64_t>& weights,
                                       const std::vector<Arc>& arcs);

}  // namespace fleet::lower
