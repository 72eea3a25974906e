#include "dsl/lower/dag.h"

#include <catch2/catch.hpp>

namespace fleet::lower {

using Nodes = std::vector<std::size_t>;

TEST_CASE("among steps that could come next, the first in the text comes first") {
  CHECK(topological_order(4, {{3, 1}}) == Nodes{0, 2, 3, 1});
  CHECK(topological_order(0, {}).empty());
}

TEST_CASE("each group of steps that wait for one another gives one shortest cycle") {
  const std::vector<Arc> arcs{{0, 1}, {1, 2}, {2, 0}, {1, 0}, {3, 4}, {4, 3}, {2, 3}, {5, 5}};
  CHECK(find_cycles(7, arcs) == std::vector<Nodes>{{0, 1}, {3, 4}, {5}});
  CHECK(find_cycles(3, {{0, 1}, {1, 2}}).empty());
}

TEST_CASE("the heaviest path wins, and ties go to the smaller steps") {
  CHECK(critical_path({1, 5, 1, 1}, {{0, 1}, {0, 2}, {1, 3}, {2, 3}}) == Nodes{0, 1, 3});
  CHECK(critical_path({1, 1, 1, 1}, {{0, 1}, {0, 2}, {1, 3}, {2, 3}}) == Nodes{0, 1, 3});
  CHECK(critical_path({2, 2}, {}) == Nodes{0});
  CHECK(critical_path({}, {}).empty());
}

}  // namespace fleet::lower
