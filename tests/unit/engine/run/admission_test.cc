// Places, sessions and priorities: who goes first when not everybody can.
#include <catch2/catch.hpp>

#include "tests/unit/engine/run/driver.h"

using namespace fleet::run;
using namespace fleet::test;

TEST_CASE("no more than `jobs` places are taken") {
  PlanBuilder builder;
  for (int i = 0; i < 5; ++i)
    builder.task("t" + std::to_string(i), builder.agent("a"));
  Driver driver(builder.plan);
  driver.open(2);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{0, 1});
  driver.prepared(0);
  driver.exited(0);
  CHECK(driver.asked<Prepare>().empty());
  driver.captured(0);
  CHECK(driver.asked<Prepare>().empty());
  driver.verified(0);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
  CHECK(driver.state.busy == 2);
}

TEST_CASE("waiting evidence takes a place before any new attempt") {
  PlanBuilder builder;
  const auto agent = builder.agent("a");
  for (int i = 0; i < 3; ++i)
    builder.task("t" + std::to_string(i), agent);
  Driver driver(builder.plan);
  driver.open(1);
  driver.prepared(0);
  driver.exited(0);
  driver.captured(0);
  CHECK(driver.tasks_asked<Verify>() == Tasks{0});
  CHECK(driver.asked<Prepare>().empty());
}

TEST_CASE("the longest remaining path goes first, and ties go by the order of steps") {
  PlanBuilder builder;
  const auto agent = builder.agent("a");
  builder.task("short", agent);
  const auto head = builder.task("head", agent);
  builder.task("long", agent);
  builder.task("tail", agent, {accepted(head)});
  builder.task("also short", agent);
  for (const std::uint32_t i : {0U, 1U, 3U, 4U})
    builder.plan.nodes[i].est = Millis{1000};
  builder.plan.nodes[2].est = Millis{9000};
  Driver driver(builder.plan);
  driver.open(1);
  const auto fail_next = [&](std::uint32_t expected) {
    CHECK(driver.phase(expected) == Phase::kPreparing);
    driver.prepared(expected);
    driver.exited(expected, 1);
  };
  for (const std::uint32_t task : {2U, 1U, 0U, 4U})
    fail_next(task);
}

TEST_CASE("a fan-out weighs its estimate times the rounds its width needs") {
  PlanBuilder builder;
  const auto agent = builder.agent("a");
  const auto wide = builder.fanout("wide", {agent}, {"1", "2", "3", "4"});
  builder[wide].fanout->width = 4;
  builder[wide].fanout->est = Millis{1000};
  const auto narrow = builder.fanout("narrow", {agent}, {"1", "2", "3", "4"});
  builder[narrow].fanout->width = 2;
  builder[narrow].fanout->est = Millis{1000};
  Driver driver(builder.plan);
  driver.open(1);
  driver.send(StopAsked{});
  driver.spread(wide, 1);
  driver.spread(narrow, 1);
  driver.send(Resumed{1, 0, ""});
  REQUIRE(driver.asked<Prepare>().size() == 1);
  CHECK(driver.state.tasks[driver.tasks_asked<Prepare>().front()].node == narrow);
}

TEST_CASE("plain commands go ahead of `jobs` only while nothing else is ready") {
  PlanBuilder builder;
  for (int i = 0; i < 5; ++i)
    builder.run("c" + std::to_string(i));
  Driver driver(builder.plan);
  driver.open(2, 2);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{0, 1, 2, 3});
  driver.command(0);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{4});

  const auto agent = builder.agent("a");
  builder.task("t0", agent);
  builder.task("t1", agent);
  builder.task("t2", agent);
  Driver mixed(builder.plan);
  mixed.open(2, 2);
  CHECK(mixed.tasks_asked<Prepare>() == Tasks{5, 6});
}

TEST_CASE("an agent's task is never admitted beyond `jobs`") {
  PlanBuilder builder;
  const auto gate = builder.run("gate");
  for (int i = 0; i < 3; ++i)
    builder.run("c" + std::to_string(i));
  builder.task("t", builder.agent("a"), {accepted(gate)});
  Driver driver(builder.plan);
  driver.open(1, 2);
  CHECK(driver.state.busy == 3);
  driver.command(0);
  CHECK(driver.phase(4) == Phase::kReady);
  CHECK(driver.asked<Prepare>().empty());
  driver.command(1);
  CHECK(driver.phase(4) == Phase::kReady);
  driver.command(2);
  CHECK(driver.phase(4) == Phase::kPreparing);
}

TEST_CASE("the fleet's limit bounds open sessions; commands and merges have none of it") {
  PlanBuilder builder;
  builder.plan.limits.sessions = 1;
  const auto agent = builder.agent("a");
  const auto first = builder.task("t0", agent);
  builder.task("t1", agent);
  builder.run("c");
  builder.merge("m", {first}, {edge(first, fleet::plan::EdgeKind::kDone)});
  Driver driver(builder.plan);
  driver.open(8);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{0, 2});
  driver.prepared(0);
  driver.exited(0, 1);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{1});
  CHECK(driver.tasks_asked<DoMerge>() == Tasks{3});
}

TEST_CASE("a named agent has one session at a time across all steps; a clone may have many") {
  for (const bool clones : {false, true}) {
    PlanBuilder builder;
    const auto agent = builder.agent("reviewer", clones);
    const auto other = builder.agent("other");
    builder.task("t0", agent);
    builder.task("t1", agent);
    builder.task("t2", agent);
    builder.task("t3", other);
    Driver driver(builder.plan);
    driver.open(8);
    CHECK(driver.tasks_asked<Prepare>() == (clones ? Tasks{0, 1, 2, 3} : Tasks{0, 3}));
    if (clones)
      continue;
    driver.prepared(0);
    driver.exited(0);
    driver.captured(0);
    CHECK(driver.tasks_asked<Prepare>() == Tasks{1});
    driver.prepared(1);
    driver.exited(1, 1);
    CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
  }
}

TEST_CASE("who waits for an agent is found again after the fleet's limit was in the way") {
  PlanBuilder builder;
  builder.plan.limits.sessions = 2;
  const auto named = builder.agent("named", false);
  const auto clones = builder.agent("clones");
  builder.task("n0", named);
  builder.task("n1", named);
  builder.task("c0", clones);
  builder.task("c1", clones);
  builder.task("n2", named);
  Driver driver(builder.plan);
  driver.open(8);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{0, 2});
  const auto fail = [&](std::uint32_t task) {
    driver.prepared(task);
    driver.exited(task, 1);
  };
  fail(0);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{1});
  fail(1);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{3});
  fail(2);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{4});
  fail(3);
  fail(4);
  CHECK(driver.asked<CloseRun>().size() == 1);
}

TEST_CASE(
    "a merge holds a place from start to end, and gets the accepted commits without repeats") {
  PlanBuilder builder;
  const auto agent = builder.agent("a");
  const auto a = builder.task("a", agent);
  const auto b = builder.task("b", agent);
  const auto c = builder.task("c", agent);
  const auto m = builder.merge("m", {b, a, c, b}, {accepted(a), accepted(b), accepted(c)});
  const auto after = builder.run("after", {edge(m, fleet::plan::EdgeKind::kMerged)});
  Driver driver(builder.plan);
  driver.open(8);
  driver.succeed(0);
  driver.succeed(1);
  driver.prepared(2);
  driver.exited(2);
  driver.captured(2, CaptureHow::kEmpty);
  driver.verified(2);
  REQUIRE(driver.asked<DoMerge>().size() == 1);
  CHECK(driver.asked<DoMerge>().front().start == "base");
  CHECK(driver.asked<DoMerge>().front().commits == std::vector<std::string>{"commit1", "commit0"});
  CHECK(driver.state.busy == 1);
  driver.merged(3, MergeHow::kNothing);
  CHECK(driver.node(m).merged);
  CHECK(driver.node(after).phase == NodePhase::kOpen);
}

TEST_CASE("a merge is tried again for the world's faults only") {
  for (const MergeHow how : {MergeHow::kConflict, MergeHow::kEvidenceFailed, MergeHow::kRefused}) {
    PlanBuilder builder;
    const auto m = builder.merge("m", {}, {});
    builder[m].retries = 5;
    Driver driver(builder.plan);
    driver.open();
    driver.merged(0, how);
    CHECK(driver.phase(0) == Phase::kFailed);
    CHECK_FALSE(fired(driver.plan, driver.state, m, fleet::plan::EdgeKind::kMerged));
  }
  PlanBuilder builder;
  builder.merge("m", {}, {});
  Driver driver(builder.plan);
  driver.open();
  driver.merged(0, MergeHow::kError);
  CHECK(driver.asked<StartTimer>().size() == 1);
  CHECK(driver.state.busy == 0);
  driver.send(TimerFired{driver.attempt(0)});
  REQUIRE(driver.asked<DoMerge>().size() == 1);
  CHECK(driver.asked<DoMerge>().front().attempt.epoch == 2);
}
