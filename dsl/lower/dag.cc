#include "dsl/lower/dag.h"

#include <algorithm>
#include <functional>
#include <queue>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/strong_components.hpp>

namespace fleet::lower {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS>;

Graph build(std::size_t nodes, const std::vector<Arc>& arcs) {
  Graph graph(nodes);
  for (const Arc& arc : arcs)
    boost::add_edge(arc.from, arc.to, graph);
  return graph;
}

// The shortest way from `start` back to itself; empty when there is none.
std::vector<std::size_t> shortest_cycle(const Graph& graph, std::size_t start) {
  const std::size_t nodes = boost::num_vertices(graph);
  std::vector<std::size_t> before(nodes, nodes);
  const auto recorder =
      boost::make_bfs_visitor(boost::record_predecessors(before.data(), boost::on_tree_edge()));
  boost::breadth_first_search(graph, start, boost::visitor(recorder));
  std::vector<std::size_t> best;
  for (auto [edge, end] = boost::in_edges(start, graph); edge != end; ++edge) {
    const std::size_t last = boost::source(*edge, graph);
    if (last != start && before[last] == nodes)
      continue;
    std::vector<std::size_t> path;
    for (std::size_t node = last; node != start; node = before[node])
      path.push_back(node);
    path.push_back(start);
    std::ranges::reverse(path);
    if (best.empty() || path.size() < best.size())
      best = std::move(path);
  }
  return best;
}

}  // namespace

std::vector<std::vector<std::size_t>> find_cycles(std::size_t nodes, const std::vector<Arc>& arcs) {
  if (nodes == 0)
    return {};
  const Graph graph = build(nodes, arcs);
  std::vector<std::size_t> component(nodes);
  const std::size_t count = boost::strong_components(
      graph,
      boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, graph)));
  std::vector<std::size_t> size(count, 0);
  for (const std::size_t one : component)
    ++size[one];
  std::vector<std::vector<std::size_t>> cycles;
  std::vector<bool> visited(count, false);
  for (std::size_t node = 0; node < nodes; ++node) {
    if (visited[component[node]] ||
        (size[component[node]] == 1 && !boost::edge(node, node, graph).second))
      continue;
    visited[component[node]] = true;
    std::vector<std::size_t> cycle = shortest_cycle(graph, node);
    if (!cycle.empty())
      cycles.push_back(std::move(cycle));
  }
  return cycles;
}

std::vector<std::size_t> topological_order(std::size_t nodes, const std::vector<Arc>& arcs) {
  const Graph graph = build(nodes, arcs);
  std::vector<std::size_t> missing(nodes);
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  for (std::size_t node = 0; node < nodes; ++node) {
    missing[node] = boost::in_degree(node, graph);
    if (missing[node] == 0)
      ready.push(node);
  }
  std::vector<std::size_t> order;
  order.reserve(nodes);
  while (!ready.empty()) {
    const std::size_t node = ready.top();
    ready.pop();
    order.push_back(node);
    for (auto [edge, end] = boost::out_edges(node, graph); edge != end; ++edge) {
      const std::size_t next = boost::target(*edge, graph);
      if (--missing[next] == 0)
        ready.push(next);
    }
  }
  return order;
}

std::vector<std::size_t> critical_path(const std::vector<std::int64_t>& weights,
                                       const std::vector<Arc>& arcs) {
  const std::size_t nodes = weights.size();
  const Graph graph = build(nodes, arcs);
  std::vector<std::int64_t> length(nodes, 0);
  std::vector<std::size_t> before(nodes, nodes);
  std::size_t last = nodes;
  for (const std::size_t node : topological_order(nodes, arcs)) {
    for (auto [edge, end] = boost::in_edges(node, graph); edge != end; ++edge) {
      const std::size_t from = boost::source(*edge, graph);
      const bool longer = before[node] == nodes || length[from] > length[before[node]] ||
                          (length[from] == length[before[node]] && from < before[node]);
      if (longer)
        before[node] = from;
    }
    length[node] = weights[node] + (before[node] == nodes ? 0 : length[before[node]]);
    const bool longest = last == nodes || length[node] > length[last] ||
                         (length[node] == length[last] && node < last);
    if (longest)
      last = node;
  }
  std::vector<std::size_t> path;
  for (std::size_t node = last; node != nodes; node = before[node])
    path.push_back(node);
  std::ranges::reverse(path);
  return path;
}

}  // namespace fleet::lower
