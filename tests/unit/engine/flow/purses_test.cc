// Which budgets the sessions of a run spend from.
#include "engine/flow/purses.h"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::flow;

namespace {

// A flow of one step, `dev`'s.
plan::Plan plan_that_spends(std::optional<plan::Budget> budget) {
  plan::Plan plan;
  plan.budget = std::move(budget);
  plan::Agent dev;
  dev.name = "dev";
  plan.agents = {dev};
  plan::Node node;
  node.kind = plan::NodeKind::kTask;
  node.agents = {plan::AgentIndex{0}};
  plan.nodes = {node};
  return plan;
}

plan::Budget budget_of(const std::string& per, bool hard = true) {
  return {plan::Money{100}, per, hard, {}};
}

run::State having_spent(std::int64_t micros) {
  run::State state;
  run::Task task;
  task.used.money = plan::Money{micros};
  state.tasks = {task};
  return state;
}

}  // namespace

TEST_CASE("only a hard budget binds a run, and what it has spent before counts") {
  CHECK(RunPurses(plan_that_spends({}), {}, nullptr).of_all().empty());
  CHECK(RunPurses(plan_that_spends(budget_of("run", false)), {}, nullptr).of_all().empty());
  const RunPurses purses(plan_that_spends(budget_of("run")), having_spent(30), nullptr);
  REQUIRE(purses.of_all().size() == 1);
  CHECK(purses.of_all()[0]->limit() == 100);
  CHECK(purses.of_all()[0]->spent() == 30);
}

TEST_CASE("a budget by the day is the day's where runs share one, else all of this run") {
  const auto day = std::make_shared<DayPurses>(plan::Money{200});
  const RunPurses shared(plan_that_spends(budget_of("day")), having_spent(30), day);
  CHECK(shared.of_all() == broker::Purses{day->of_fleet()});
  CHECK(day->of_fleet()->spent() == 0);
  CHECK(RunPurses(plan_that_spends(budget_of("run")), {}, day).of_all().size() == 2);
  const RunPurses alone(plan_that_spends(budget_of("day")), {}, nullptr);
  REQUIRE(alone.of_all().size() == 1);
  CHECK(alone.of_all()[0]->limit() == 100);
}

TEST_CASE("an agent's budget by the day is one over all runs, steps and turns alike") {
  plan::Plan plan = plan_that_spends({});
  plan.agents[0].day_budget = plan::Money{50};
  const auto day = std::make_shared<DayPurses>(std::nullopt);
  day->charge({{"dev", plan::Money{20}}, {"other", plan::Money{5}}});
  const RunPurses one(plan, {}, day), two(plan, {}, day);
  CHECK(one.own(plan.agents[0]) == two.own(plan.agents[0]));
  CHECK(one.of(plan.agents[0]).size() == 2);
  CHECK(one.own(plan.agents[0])->spent() == 20);
  CHECK(one.own(plan.agents[0])->limit() == 50);
  CHECK(day->of_fleet()->spent() == 25);
  day->begin_anew();
  CHECK(one.own(plan.agents[0])->spent() == 0);
  const RunPurses alone(plan, having_spent(30), nullptr);
  CHECK(alone.own(plan.agents[0])->spent() == 30);
  CHECK(alone.own(plan_that_spends({}).agents[0]) != nullptr);
  CHECK(RunPurses(plan_that_spends({}), {}, nullptr).own(plan.agents[0]) == nullptr);
}
