#include "dsl/plan/layout.h"

#include <rapidcheck.h>

#include <catch2/catch.hpp>

namespace fleet::plan {
namespace {

struct Graph {
  std::vector<BoxSize> boxes;
  std::vector<Arrow> arrows;
};

Graph any_graph() {
  Graph graph;
  const auto count = *rc::gen::inRange<std::uint32_t>(1, 30);
  for (std::uint32_t i = 0; i < count; ++i) {
    graph.boxes.push_back(
        {*rc::gen::inRange<std::int64_t>(1, 300), *rc::gen::inRange<std::int64_t>(1, 90)});
    for (auto ends = i == 0 ? 0u : *rc::gen::inRange<std::uint32_t>(0, 4); ends > 0; --ends) {
      graph.arrows.push_back({*rc::gen::inRange<std::uint32_t>(0, i), i});
    }
  }
  return graph;
}

}  // namespace

TEST_CASE("boxes do not overlap and lie within the drawing") {
  CHECK(rc::check([] {
    const Graph graph = any_graph();
    const Layout layout = lay_out(graph.boxes, graph.arrows);
    RC_ASSERT(layout.corners.size() == graph.boxes.size());
    for (std::size_t i = 0; i < graph.boxes.size(); ++i) {
      const Point a = layout.corners[i];
      const BoxSize size = graph.boxes[i];
      RC_ASSERT(a.x >= 0 && a.y >= 0);
      RC_ASSERT(a.x + size.width <= layout.size.width && a.y + size.height <= layout.size.height);
      for (std::size_t j = 0; j < i; ++j) {
        const Point b = layout.corners[j];
        RC_ASSERT(a.x + size.width <= b.x || b.x + graph.boxes[j].width <= a.x ||
                  a.y + size.height <= b.y || b.y + graph.boxes[j].height <= a.y);
      }
    }
  }));
}

TEST_CASE("arrows run downwards, from the bottom of one box to the top of the other") {
  CHECK(rc::check([] {
    const Graph graph = any_graph();
    const Layout layout = lay_out(graph.boxes, graph.arrows);
    RC_ASSERT(layout.routes.size() == graph.arrows.size());
    for (std::size_t i = 0; i < graph.arrows.size(); ++i) {
      const auto& route = layout.routes[i];
      const Arrow arrow = graph.arrows[i];
      RC_ASSERT(route.size() >= 2 && route.size() % 2 == 0);
      RC_ASSERT(route.front().y == layout.corners[arrow.from].y + graph.boxes[arrow.from].height);
      RC_ASSERT(route.back().y == layout.corners[arrow.to].y);
      for (std::size_t p = 1; p < route.size(); ++p) {
        RC_ASSERT(route[p - 1].y <= route[p].y);
        RC_ASSERT(route[p].x >= 0 && route[p].x <= layout.size.width);
      }
    }
  }));
}

TEST_CASE("the same graph is laid out the same") {
  CHECK(rc::check([] {
    const Graph graph = any_graph();
    const Layout a = lay_out(graph.boxes, graph.arrows);
    const Layout b = lay_out(graph.boxes, graph.arrows);
    for (std::size_t i = 0; i < graph.boxes.size(); ++i) {
      RC_ASSERT(a.corners[i].x == b.corners[i].x);
      RC_ASSERT(a.corners[i].y == b.corners[i].y);
    }
  }));
}

}  // namespace fleet::plan
