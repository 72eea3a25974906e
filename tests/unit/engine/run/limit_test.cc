// What is nobody's failure (limits, a service without room), and what money bounds.
#include <catch2/catch.hpp>

#include "tests/unit/engine/run/driver.h"

using namespace fleet::run;
using namespace fleet::test;

namespace {

struct Working {
  PlanBuilder builder;
  NodeIndex build = builder.task("build", builder.agent("builder"));

  Driver driver() const {
    Driver driver(builder.plan);
    driver.open();
    driver.prepared(0);
    return driver;
  }
};

void meter(Driver& driver, std::int64_t micros) {
  driver.send(Metered{driver.attempt(0), micros, 10, 0, 1});
}

}  // namespace

TEST_CASE("a limit is waited out, until its provider says, and costs no retry") {
  Working plan;
  Driver driver = plan.driver();
  Exited exit;
  exit.attempt = driver.attempt(0);
  exit.how = ExitHow::kLimited;
  exit.until = driver.now + 7'200'000;
  driver.send(exit);
  CHECK(driver.phase(0) == Phase::kReady);
  REQUIRE(driver.asked<StartTimer>().size() == 1);
  CHECK(driver.asked<StartTimer>().front().at == driver.now + 7'200'000);
  CHECK(driver.state.tasks[0].reason == "again after a limit was reached, in 2h");
  CHECK(driver.state.tasks[0].failures + driver.state.tasks[0].losses == 0);
  CHECK(driver.state.busy == 0);
  CHECK_FALSE(waits_for_human(driver.state));
  driver.send(Resumed{4, 0, ""});
  CHECK(driver.asked<StartTimer>().front().at == driver.now + 7'200'000);
  driver.timer(0);
  driver.succeed(0);
  CHECK(driver.phase(0) == Phase::kDone);
}

TEST_CASE("a limit without an end is waited out for longer each time, up to an hour") {
  Working plan;
  Driver driver = plan.driver();
  std::int64_t last = 0;
  for (int i = 0; i < 8; ++i) {
    driver.exited(0, 0, ExitHow::kLimited);
    const std::int64_t wait = driver.asked<StartTimer>().front().at - driver.now;
    CHECK(wait == std::min<std::int64_t>(i == 0 ? 60'000 : 2 * last, 3'600'000));
    last = wait;
    driver.timer(0);
    driver.prepared(0);
  }
  CHECK(driver.state.tasks[0].failures + driver.state.tasks[0].losses == 0);
}

TEST_CASE("a service without room costs of the losses, and is asked less and less often") {
  Working plan;
  Driver driver = plan.driver();
  driver.exited(0, 0, ExitHow::kOverloaded);
  CHECK(driver.asked<StartTimer>().front().at == driver.now + 5'000);
  driver.timer(0);
  driver.prepared(0);
  driver.exited(0, 0, ExitHow::kOverloaded);
  CHECK(driver.asked<StartTimer>().front().at == driver.now + 10'000);
  CHECK(driver.state.tasks[0].losses == 2);
  CHECK(driver.state.tasks[0].failures == 0);
}

TEST_CASE("a full context is tried again at once, as a retry; a model that declines is not") {
  for (const ExitHow how : {ExitHow::kContextExhausted, ExitHow::kDeclined}) {
    Working plan;
    plan.builder[plan.build].retries = 1;
    Driver driver = plan.driver();
    driver.exited(0, 0, how);
    const bool again = how == ExitHow::kContextExhausted;
    CHECK(driver.phase(0) == (again ? Phase::kPreparing : Phase::kFailed));
    CHECK(driver.state.tasks[0].epoch == (again ? 2 : 1));
  }
}

TEST_CASE("an attempt that spends more than its budget is cancelled, once, and given up") {
  Working plan;
  plan.builder[plan.build].retries = 3;
  plan.builder.plan.agents.front().budget = fleet::plan::Money{1'000'000};
  Driver driver = plan.driver();
  meter(driver, 1'000'000);
  CHECK(driver.asked<Cancel>().empty());
  meter(driver, 200'000);
  CHECK(driver.tasks_asked<Cancel>() == Tasks{0});
  meter(driver, 200'000);
  CHECK(driver.asked<Cancel>().empty());
  driver.exited(0, 0, ExitHow::kCancelled);
  CHECK(driver.phase(0) == Phase::kFailed);
  CHECK(driver.state.tasks[0].outcome == Outcome::kBudgetSpent);
  CHECK(driver.state.tasks[0].detail == "spent $1.40, and its budget is $1.00");
}

TEST_CASE("attempts that the world took away share one budget, and none begins with nothing left") {
  Working plan;
  plan.builder[plan.build].retries = 3;
  plan.builder.plan.agents.front().budget = fleet::plan::Money{1'000'000};
  Driver driver = plan.driver();
  meter(driver, 700'000);
  driver.exited(0, 0, ExitHow::kLost);
  driver.prepared(0);
  CHECK(driver.state.tasks[0].spent.micros == 700'000);
  meter(driver, 300'000);
  CHECK(driver.asked<Cancel>().empty());
  driver.exited(0, 0, ExitHow::kLost);
  CHECK(driver.phase(0) == Phase::kFailed);
  CHECK(driver.state.tasks[0].outcome == Outcome::kBudgetSpent);
  CHECK(driver.state.tasks[0].detail ==
        "its process was lost; $1.00 of its budget of $1.00 are spent");
}

TEST_CASE("a limit does not give a budget back, a failure does") {
  Working plan;
  plan.builder[plan.build].retries = 1;
  plan.builder.plan.agents.front().budget = fleet::plan::Money{1'000'000};
  Driver driver = plan.driver();
  meter(driver, 600'000);
  driver.exited(0, 1);
  driver.prepared(0);
  CHECK(driver.state.tasks[0].spent.micros == 0);
  meter(driver, 1'000'000);
  driver.exited(0, 0, ExitHow::kLimited);
  CHECK(driver.phase(0) == Phase::kFailed);
  CHECK(driver.state.tasks[0].outcome == Outcome::kBudgetSpent);
}

TEST_CASE("a budget bounds one attempt; what all used is added up, late news included") {
  Working plan;
  plan.builder[plan.build].retries = 1;
  plan.builder.plan.agents.front().budget = fleet::plan::Money{1'000'000};
  Driver driver = plan.driver();
  const Attempt first = driver.attempt(0);
  meter(driver, 900'000);
  driver.exited(0, 1);
  driver.send(Metered{first, 50'000, 0, 0, 0});
  driver.prepared(0);
  meter(driver, 900'000);
  CHECK(driver.asked<Cancel>().empty());
  CHECK(driver.state.tasks[0].used.money.micros == 1'850'000);
  CHECK(driver.state.tasks[0].spent.micros == 900'000);
}
