// Stopping, and carrying on after a stop or a crash.
#include <catch2/catch.hpp>

#include "tests/unit/engine/run/driver.h"

using namespace fleet::run;
using namespace fleet::test;

namespace {

Driver three_items(std::uint32_t sessions = 2) {
  PlanBuilder builder;
  const auto fixes = builder.fanout("fixes", {builder.agent("fixer")}, {"a", "b", "c"});
  Driver driver(builder.plan);
  driver.open(8);
  driver.spread(fixes, sessions);
  return driver;
}

// What a new engine makes of the journal.
Driver crashed(const Driver& driver) {
  Driver next(driver.plan);
  next.events = driver.events;
  next.state = replay(driver.plan, driver.events);
  CHECK(next.state == driver.state);
  return next;
}

}  // namespace

TEST_CASE("draining starts no new attempt, finishes what runs and then stops") {
  Driver driver = three_items();
  driver.prepared(0);
  driver.prepared(1);
  driver.send(StopAsked{StopLevel::kDrain, "Ctrl-C"});
  CHECK(driver.effects.commands.empty());
  driver.exited(0);
  driver.captured(0);
  CHECK(driver.tasks_asked<Verify>() == Tasks{0});
  CHECK(driver.asked<EndSession>().size() == 1);
  CHECK(driver.asked<Prepare>().empty());
  driver.exited(1, 1);
  driver.verified(0);
  CHECK(driver.asked<CloseRun>().empty());
  driver.published(0);
  REQUIRE(driver.asked<CloseRun>().size() == 1);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kStopped);
  driver.send(RunClosed{RunOutcome::kStopped});
  CHECK(driver.state.closed);
  driver.send(Resumed{8, 0, ""});
  CHECK_FALSE(driver.state.closed);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
}

TEST_CASE("an attempt that was only being prepared is given back when draining") {
  Driver driver = three_items();
  driver.send(StopAsked{StopLevel::kDrain, ""});
  driver.prepared(0);
  CHECK(driver.phase(0) == Phase::kReady);
  CHECK(driver.asked<Launch>().empty());
  driver.prepared(1);
  CHECK(driver.asked<CloseRun>().size() == 1);
  driver.send(Resumed{8, 0, ""});
  CHECK(driver.attempt(0).epoch == 2);
  CHECK(driver.state.tasks[0].failures == 0);
}

TEST_CASE("idle sessions end when the run drains") {
  Driver driver = three_items(1);
  driver.send(Resumed{1, 0, ""});
  driver.prepared(0);
  driver.exited(0);
  driver.captured(0);  // its evidence takes the only place, so the session idles
  REQUIRE(driver.asked<EndSession>().empty());
  driver.send(StopAsked{StopLevel::kDrain, ""});
  CHECK(driver.asked<EndSession>().size() == 1);
}

TEST_CASE("stopping now cancels every running process once and gives its task back") {
  Driver driver = three_items();
  driver.prepared(0);
  driver.send(StopAsked{StopLevel::kDrain, ""});
  driver.send(StopAsked{StopLevel::kNow, ""});
  CHECK(driver.tasks_asked<Cancel>() == Tasks{0});
  driver.send(StopAsked{StopLevel::kNow, ""});
  CHECK(driver.asked<Cancel>().empty());
  driver.exited(0, 0, ExitHow::kCancelled);
  CHECK(driver.phase(0) == Phase::kReady);
  CHECK(driver.state.tasks[0].failures == 0);
  driver.prepared(1);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kStopped);
}

TEST_CASE("what a stop cancelled is given back even when its exit is heard by the next engine") {
  Driver driver = three_items(1);
  driver.prepared(0);
  driver.send(StopAsked{StopLevel::kNow, ""});
  driver = crashed(driver);
  driver.send(Resumed{8, 0, ""});
  driver.send(Reconciled{driver.attempt(0), Found::kRunning});
  driver.exited(0, 0, ExitHow::kCancelled);
  CHECK(driver.state.tasks[0].failures == 0);
  CHECK(driver.node({0}).settled == 0);
}

TEST_CASE("stopping now does not wait for evidence: the next engine gathers it again") {
  Driver driver = three_items(1);
  driver.prepared(0);
  driver.exited(0);
  driver.captured(0);
  REQUIRE(driver.tasks_asked<Verify>() == Tasks{0});
  driver.prepared(1);
  driver.send(StopAsked{StopLevel::kNow, ""});
  CHECK(driver.tasks_asked<Cancel>() == Tasks{1});
  driver.exited(1, 0, ExitHow::kCancelled);
  REQUIRE(driver.asked<CloseRun>().size() == 1);
  const State before = driver.state;
  driver.verified(0, false);  // the stop's doing, not the agent's
  CHECK(driver.state.tasks == before.tasks);
  driver.send(RunClosed{RunOutcome::kStopped});
  driver.send(Resumed{8, 0, ""});
  CHECK(driver.tasks_asked<Verify>() == Tasks{0});
}

TEST_CASE("evidence that waits for a place is not started when stopping now") {
  Driver driver = three_items(3);
  for (const std::uint32_t task : {0U, 1U, 2U})
    driver.prepared(task);
  driver.send(Resumed{1, 0, ""});
  driver.exited(0);
  driver.captured(0);
  CHECK(driver.asked<Verify>().empty());
  driver.send(StopAsked{StopLevel::kNow, ""});
  driver.exited(1, 0, ExitHow::kCancelled);
  driver.exited(2, 0, ExitHow::kCancelled);
  CHECK(driver.asked<Verify>().empty());
  CHECK(driver.asked<CloseRun>().size() == 1);
  driver.send(RunClosed{RunOutcome::kStopped});
  driver.send(Resumed{1, 0, ""});
  CHECK(driver.tasks_asked<Verify>() == Tasks{0});
}

TEST_CASE("stopping now does not wait for a list: the next engine has it made again") {
  PlanBuilder builder;
  const auto listing = builder.fanout("listing", {builder.agent("a")}, {"x"});
  Driver driver(builder.plan);
  driver.open(1);
  REQUIRE(driver.asked<ListItems>().size() == 1);
  driver.send(StopAsked{StopLevel::kDrain, ""});
  CHECK(driver.asked<CloseRun>().empty());
  driver.send(StopAsked{StopLevel::kNow, ""});
  REQUIRE(driver.asked<CloseRun>().size() == 1);
  driver.send(ItemsListed{listing, {}, 0, "cancelled"});
  CHECK(driver.node(listing).phase == NodePhase::kListing);
  driver.send(RunClosed{RunOutcome::kStopped});
  driver.send(Resumed{1, 0, ""});
  CHECK(driver.asked<ListItems>().size() == 1);
  driver.send(ItemsListed{listing, {"x"}, 1, ""});
  CHECK(driver.node(listing).phase == NodePhase::kDeciding);
}

TEST_CASE("a run whose steps are all settled is done, however it was asked to stop") {
  PlanBuilder builder;
  builder.run("a");
  Driver driver(builder.plan);
  driver.open();
  driver.prepared(0);
  driver.send(StopAsked{StopLevel::kNow, ""});
  driver.exited(0);
  REQUIRE(driver.asked<CloseRun>().size() == 1);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
}

TEST_CASE("a new engine asks again for whatever was under way, and repeating that is harmless") {
  PlanBuilder builder;
  const auto agent = builder.agent("a");
  for (int i = 0; i < 6; ++i)
    builder.task("t" + std::to_string(i), agent);
  builder.merge("m", {}, {});
  builder.fanout("listing", {agent}, {"x"});
  const auto deciding = builder.fanout("deciding", {agent}, {"x"});
  builder.plan.nodes[5].retries = 1;
  Driver driver(builder.plan);
  driver.open(20);
  // Task 0 is being prepared, 1 runs, 2 settles, 3 is verified, 4 is published, 5 backs off.
  for (const std::uint32_t task : {1U, 2U, 3U, 4U, 5U})
    driver.prepared(task);
  for (const std::uint32_t task : {2U, 3U, 4U})
    driver.exited(task);
  for (const std::uint32_t task : {3U, 4U})
    driver.captured(task);
  driver.verified(4);
  driver.exited(5, 11, ExitHow::kSignalled);
  driver.send(ItemsListed{deciding, {"x"}, 1, ""});
  driver = crashed(driver);
  for (int i = 0; i < 2; ++i) {
    driver.send(Resumed{20, 0, "next"});
    CHECK(driver.tasks_asked<Prepare>() == Tasks{0});
    CHECK(driver.asked<Launch>().empty());
    CHECK(driver.tasks_asked<Capture>() == Tasks{2});
    CHECK(driver.tasks_asked<Verify>() == Tasks{3});
    CHECK(driver.tasks_asked<Publish>() == Tasks{4});
    CHECK(driver.tasks_asked<StartTimer>() == Tasks{5});
    CHECK(driver.tasks_asked<DoMerge>() == Tasks{6});
    CHECK(driver.asked<ListItems>().size() == 1);
    CHECK(driver.asked<DecideSpawn>().size() == 1);
    CHECK(driver.effects.commands.size() == 8);
    CHECK(driver.attempt(0).epoch == 1);
  }
}

TEST_CASE("a process is adopted, launched with its epoch, or attempted anew, as it was found") {
  Driver driver = three_items(3);
  for (const std::uint32_t task : {0U, 1U, 2U})
    driver.prepared(task);
  driver = crashed(driver);
  driver.send(Resumed{8, 0, ""});
  CHECK(driver.effects.commands.empty());
  driver.send(Reconciled{driver.attempt(0), Found::kRunning});
  CHECK(driver.effects.commands.empty());
  driver.send(Reconciled{driver.attempt(1), Found::kNeverStarted});
  REQUIRE(driver.asked<Launch>().size() == 1);
  CHECK(driver.asked<Launch>().front().attempt == Attempt{{1}, 1});
  driver.send(Reconciled{driver.attempt(2), Found::kLost});
  CHECK(driver.attempt(2).epoch == 2);
  CHECK(driver.state.tasks[2].losses == 1);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
}

TEST_CASE("a late copy of a stopped run's closing does not close the resumed run") {
  Driver driver = three_items();
  driver.send(StopAsked{StopLevel::kDrain, ""});
  driver.prepared(0);
  driver.prepared(1);
  driver.send(RunClosed{RunOutcome::kStopped});
  driver.send(Resumed{8, 0, ""});
  driver.send(RunClosed{RunOutcome::kStopped});
  CHECK_FALSE(driver.state.closed);
}

TEST_CASE("the new engine's figures replace the old ones") {
  Driver driver = three_items();
  driver.send(Resumed{3, 1, "9.9"});
  CHECK(driver.state.jobs == 3);
  CHECK(driver.state.ahead == 1);
  CHECK(driver.state.version == "9.9");
}

TEST_CASE("a clock that was set back makes no backoff longer than any is") {
  Driver driver = three_items();
  driver.prepared(0, "disk full");
  REQUIRE(driver.state.tasks[0].not_before == driver.now + 1000);
  Driver next = crashed(driver);
  SECTION("set back by hours") {
    next.now = driver.now - 10 * 3'600'000;
    next.send(Resumed{8, 0, ""});
    REQUIRE(next.asked<StartTimer>().size() == 1);
    CHECK(next.asked<StartTimer>().front().at <= next.now + 60'000);
  }
  SECTION("set on by hours") {
    next.now = driver.now + 10 * 3'600'000;
    next.send(Resumed{8, 0, ""});
    REQUIRE(next.asked<StartTimer>().size() == 1);
    CHECK(next.asked<StartTimer>().front().at == driver.now + 1000);
  }
}
