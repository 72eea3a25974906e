// Documents that have to be read before any work.
#include <catch2/catch.hpp>

#include "tests/unit/engine/run/driver.h"

using namespace fleet::run;
using fleet::test::Driver;
using fleet::test::PlanBuilder;

TEST_CASE("who ends well without having read what comes first has done nothing") {
  PlanBuilder builder;
  const auto worker = builder.agent("worker", true, false, false);
  builder.plan.agents[worker.value].identity = {"core", "eng"};
  builder[builder.task("work", worker)].retries = 1;
  Driver driver(builder.plan);
  driver.open();
  driver.prepared(0);
  driver.send(IdentityRead{driver.attempt(0), "core", 4, "sha"});
  driver.exited(0);
  CHECK(driver.state.tasks[0].outcome == Outcome::kRefused);
  CHECK(driver.state.tasks[0].failures == 1);
  CHECK(driver.state.tasks[0].detail == "ended without having read eng");
  // What one attempt read, the next has not.
  driver.prepared(0);
  driver.send(IdentityRead{driver.attempt(0), "eng", 7, "sha"});
  CHECK(driver.state.tasks[0].read == std::vector<std::string>{"eng"});
  driver.send(IdentityRead{driver.attempt(0), "core", 4, "sha"});
  driver.exited(0);
  CHECK(driver.phase(0) == Phase::kDone);
}
