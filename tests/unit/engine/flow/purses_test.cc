// Which budgets the sessions of a run spend from.
#include <catch2/catch.hpp>

#include "engine/flow/models.h"

using namespace fleet;
using namespace fleet::flow;

namespace {

plan::Plan plan_with(const std::string& per, bool hard) {
  plan::Plan plan;
  plan.budget = plan::Budget{plan::Money{100}, per, hard, {}};
  return plan;
}

}  // namespace

TEST_CASE("only a hard budget binds a run, and what it has spent before counts") {
  CHECK(purses_of(plan::Plan{}, {}, nullptr).empty());
  CHECK(purses_of(plan_with("run", false), {}, nullptr).empty());
  const broker::Purses purses = purses_of(plan_with("run", true), plan::Money{30}, nullptr);
  REQUIRE(purses.size() == 1);
  CHECK(purses[0]->limit() == 100);
  CHECK(purses[0]->spent() == 30);
}

TEST_CASE("a budget by the day is the day's where runs share one, else all of this run") {
  const auto day = std::make_shared<broker::Purse>("the day", 200);
  CHECK(purses_of(plan_with("day", true), plan::Money{30}, day) == broker::Purses{day});
  CHECK(day->spent() == 0);
  CHECK(purses_of(plan_with("run", true), {}, day).size() == 2);
  const broker::Purses alone = purses_of(plan_with("day", true), {}, nullptr);
  REQUIRE(alone.size() == 1);
  CHECK(alone[0]->limit() == 100);
}
