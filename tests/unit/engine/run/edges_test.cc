// The DAG: what opens when, what can never start, and how the run ends.
#include <catch2/catch.hpp>

#include "tests/unit/engine/run/driver.h"

using namespace fleet::run;
using namespace fleet::test;
using fleet::plan::EdgeKind;
using fleet::plan::Otherwise;

namespace {

std::vector<bool> fired_edges(const Driver& driver, NodeIndex node) {
  std::vector<bool> all;
  for (const EdgeKind kind : {EdgeKind::kDone, EdgeKind::kAccepted, EdgeKind::kFailed,
                              EdgeKind::kSomeAccepted, EdgeKind::kMerged}) {
    all.push_back(fired(driver.plan, driver.state, node, kind));
  }
  return all;
}
using Fired = std::vector<bool>;  // done, accepted, failed, some_accepted, merged

}  // namespace

TEST_CASE("a step opens only when each of its edges has fired") {
  PlanBuilder builder;
  const auto a = builder.run("a");
  const auto b = builder.run("b");
  builder.run("c", {accepted(a), accepted(b)});
  Driver driver(builder.plan);
  driver.open();
  CHECK(driver.tasks_asked<Prepare>() == Tasks{0, 1});
  CHECK(driver.state.tasks[2].reason == "waits for `a.accepted`");
  driver.command(0);
  CHECK(driver.phase(2) == Phase::kWaiting);
  driver.command(1);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
}

TEST_CASE("a run without steps is done as soon as it opens") {
  Driver driver(PlanBuilder().plan);
  driver.open();
  REQUIRE(driver.asked<CloseRun>().size() == 1);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
}

TEST_CASE(
    "a step whose edge can never fire is skipped with the reason, and so is what hangs on it") {
  PlanBuilder builder;
  const auto a = builder.run("a");
  const auto b = builder.run("b", {accepted(a)});
  const auto c = builder.run("c", {accepted(b)});
  Driver driver(builder.plan);
  driver.open();
  driver.command(0, 2);
  CHECK(driver.phase(1) == Phase::kSkipped);
  CHECK(driver.state.tasks[1].reason == "`a.accepted` cannot fire: `a` failed: exit 2");
  CHECK(driver.node(b).unreachable);
  CHECK(driver.phase(2) == Phase::kSkipped);
  CHECK(driver.node(c).reason == "`b.accepted` cannot fire: `b` was never started");
  REQUIRE(driver.asked<CloseRun>().size() == 1);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kFailed);
}

TEST_CASE("what does not depend on the failure goes on") {
  PlanBuilder builder;
  const auto a = builder.run("a");
  const auto b = builder.run("b");
  builder.run("after a", {accepted(a)});
  builder.run("after b", {accepted(b)});
  Driver driver(builder.plan);
  driver.open();
  driver.command(0, 1);
  driver.command(1);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{3});
  driver.command(3);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kFailed);
}

TEST_CASE("`.failed` starts a step on failure, and its not firing is no failure of the run") {
  for (const std::int32_t code : {0, 1}) {
    PlanBuilder builder;
    const auto a = builder.run("a");
    builder.run("cry", {edge(a, EdgeKind::kFailed)});
    Driver driver(builder.plan);
    driver.open();
    driver.command(0, code);
    if (code == 0) {
      CHECK(driver.state.tasks[1].reason == "`a.failed` cannot fire: nothing failed");
      CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
    } else {
      CHECK(driver.tasks_asked<Prepare>() == Tasks{1});
    }
  }
}

TEST_CASE("`.done` fires whatever became of the step, never started included") {
  PlanBuilder builder;
  const auto a = builder.run("a");
  const auto b = builder.run("b", {accepted(a)});
  builder.run("sweep", {edge(b, EdgeKind::kDone)});
  Driver driver(builder.plan);
  driver.open();
  driver.command(0, 1);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
}

TEST_CASE("edges of a single task follow from how it ended") {
  PlanBuilder builder;
  const auto good = builder.run("good");
  const auto bad = builder.run("bad");
  const auto skipped = builder.run("skipped");
  builder[skipped].otherwise = Otherwise::kSkip;
  Driver driver(builder.plan);
  driver.open();
  CHECK(fired_edges(driver, good) == Fired{false, false, false, false, false});
  driver.command(0);
  driver.command(1, 1);
  driver.command(2, 1);
  CHECK(fired_edges(driver, good) == Fired{true, true, false, true, false});
  CHECK(fired_edges(driver, bad) == Fired{true, false, true, false, false});
  CHECK(fired_edges(driver, skipped) == Fired{true, false, false, false, false});
  CHECK_FALSE(can_fire(driver.plan, driver.state, bad, EdgeKind::kAccepted));
  CHECK_FALSE(can_fire(driver.plan, driver.state, good, EdgeKind::kApproved));
}

TEST_CASE("a skipped predecessor makes its dependents unreachable but does not fail the run") {
  PlanBuilder builder;
  const auto a = builder.run("a");
  builder[a].otherwise = Otherwise::kSkip;
  builder.run("b", {accepted(a)});
  Driver driver(builder.plan);
  driver.open();
  driver.command(0, 1);
  CHECK(driver.state.tasks[1].reason == "`a.accepted` cannot fire: `a` was skipped: exit 1");
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
}

TEST_CASE("a task starts at the commit of the step that it names, or at the base") {
  PlanBuilder builder;
  const auto agent = builder.agent("fixer");
  const auto a = builder.task("a", agent);
  const auto b = builder.task("b", agent, {accepted(a)});
  builder[b].start = a;
  const auto c = builder.task("c", agent, {accepted(b)});
  builder[c].start = b;
  Driver driver(builder.plan);
  driver.open();
  driver.succeed(0);
  REQUIRE(driver.asked<Prepare>().size() == 1);
  CHECK(driver.asked<Prepare>().front().start == "commit0");
  driver.prepared(1);
  driver.exited(1);
  driver.captured(1, CaptureHow::kEmpty);
  driver.verified(1);
  REQUIRE(driver.asked<Prepare>().size() == 1);
  CHECK(driver.asked<Prepare>().front().start == "commit0");
}

TEST_CASE("the run is closed once, and asked for again only by the engine that resumes it") {
  PlanBuilder builder;
  builder.run("a");
  Driver driver(builder.plan);
  driver.open();
  driver.command(0);
  REQUIRE(driver.asked<CloseRun>().size() == 1);
  driver.send(StopAsked{StopLevel::kNow, ""});
  CHECK(driver.effects.commands.empty());
  driver.send(Resumed{1, 0, ""});
  CHECK(driver.asked<CloseRun>().size() == 1);
  driver.send(RunClosed{RunOutcome::kDone});
  driver.send(Resumed{1, 0, ""});
  CHECK(driver.effects.commands.empty());
  CHECK(driver.state.closed);
}
