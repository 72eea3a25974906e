#include "dsl/plan/layout.h"

#include <catch2/catch.hpp>

namespace fleet::plan {

TEST_CASE("a chain is drawn as one straight line") {
  const Layout layout = lay_out({{80, 40}, {80, 40}, {80, 40}}, {{0, 1}, {1, 2}});
  CHECK(layout.corners[0].x == layout.corners[1].x);
  CHECK(layout.corners[1].x == layout.corners[2].x);
  CHECK(layout.corners[0].y < layout.corners[1].y);
}

TEST_CASE("crossings that another order avoids are avoided") {
  const Layout layout = lay_out({{40, 40}, {40, 40}, {40, 40}, {40, 40}}, {{0, 3}, {1, 2}});
  CHECK((layout.corners[0].x < layout.corners[1].x) == (layout.corners[3].x < layout.corners[2].x));
}

TEST_CASE("an arrow over a layer bends around the box in it") {
  const Layout layout = lay_out({{80, 40}, {80, 40}, {80, 40}}, {{0, 1}, {1, 2}, {0, 2}});
  const auto& route = layout.routes[2];
  REQUIRE(route.size() == 4);
  CHECK((route[1].x < layout.corners[1].x || route[1].x > layout.corners[1].x + 80));
  CHECK(route[1].x == route[2].x);
}

TEST_CASE("no boxes make an empty drawing") {
  const Layout layout = lay_out({}, {});
  CHECK(layout.corners.empty());
  CHECK(layout.size.height > 0);
}

TEST_CASE("thousands of arrows over thousands of layers are drawn without a bend in each") {
  constexpr std::uint32_t kCount = 3000;
  std::vector<BoxSize> boxes(kCount, {80, 40});
  std::vector<Arrow> arrows;
  for (std::uint32_t i = 1; i < kCount; ++i) {
    arrows.push_back({i - 1, i});
    arrows.push_back({0, i});
  }
  const Layout layout = lay_out(boxes, arrows);
  std::size_t points = 0;
  for (const auto& route : layout.routes) {
    points += route.size();
  }
  CHECK(points < 20 * arrows.size());
}

}  // namespace fleet::plan
