// Who is told that others may change the same files.
#include "engine/flow/write_sets.h"

#include <catch2/catch.hpp>

#include "tests/support/plan_builder.h"

namespace fleet::flow {
namespace {

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("a step is told once what may meet it, of its own run and of others") {
  WriteSets sets;
  const std::vector<bool> none(4);
  CHECK(sets.claim({"x", 0, "dev"}, "build", {"src/**", "README.md"}, none).empty());
  CHECK(sets.claim({"x", 1, "writer"}, "docs", {"docs/**", "README.md"}, {false, true}) ==
        Told{"`build` (README.md)"});
  CHECK(sets.claim({"x", 1, "writer"}, "docs", {"docs/**", "README.md"}, none).empty());
  CHECK(sets.claim({"y", 0, "dev"}, "build", {"src/lib/**"}, none) ==
        Told{"`build` (src/**) of run x"});
  sets.forget("x");
  CHECK(sets.claim({"z", 0, "dev"}, "build", {"src/**", "docs/**"}, none) ==
        Told{"`build` (src/lib/**) of run y"});
}

TEST_CASE("of many that may meet a step the first few are named") {
  WriteSets sets;
  for (std::uint32_t i = 0; i < 7; ++i)
    (void)sets.claim({"x", i, "dev"}, "s" + std::to_string(i), {"src/**"},
                     std::vector<bool>(8, true));
  const Told told = sets.claim({"x", 7, "dev"}, "last", {"src/**"}, {});
  REQUIRE(told.size() == 6);
  CHECK(told.front() == "`s0` (src/**)");
  CHECK(told.back() == "2 more");
}

TEST_CASE("what comes before a step and what it races with are apart from it") {
  test::PlanBuilder b;
  const plan::AgentIndex dev = b.agent("dev");
  const auto first = b.task("first", dev);
  const auto then = b.task("then", dev, {test::accepted(first)});
  const auto left = b.task("left", dev);
  const auto right = b.task("right", dev);
  b.plan.nodes.push_back({});
  b.plan.nodes.back().name = "race";
  b.plan.nodes.back().kind = plan::NodeKind::kAny;
  b.plan.nodes.back().after = {test::accepted(left), test::accepted(right)};
  CHECK(apart_from(b.plan, then) == std::vector<bool>{true, true, false, false, false});
  CHECK(apart_from(b.plan, first) == std::vector<bool>{true, false, false, false, false});
  CHECK(apart_from(b.plan, left) == std::vector<bool>{false, false, true, true, false});
}

}  // namespace fleet::flow
