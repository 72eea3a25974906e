// The life of attempts: what is asked for after what, and what a failure costs.
#include <catch2/catch.hpp>

#include "engine/run/policy.h"
#include "tests/unit/engine/run/driver.h"

using namespace fleet::run;
using namespace fleet::test;

namespace {

Driver one_task(std::uint32_t retries = 0, bool writes = true, bool judged = true) {
  PlanBuilder builder;
  const auto task = builder.task("fix", builder.agent("fixer", true, writes, judged));
  builder[task].retries = retries;
  Driver driver(builder.plan);
  driver.open();
  return driver;
}

template <class Body>
Body of(Attempt attempt) {
  Body body;
  body.attempt = attempt;
  return body;
}

RunOutcome closed_as(const Driver& driver) {
  const auto closed = driver.asked<CloseRun>();
  REQUIRE(closed.size() == 1);
  return closed.front().outcome;
}

}  // namespace

TEST_CASE("an attempt is prepared, launched, captured, verified and published, one after another") {
  Driver driver = one_task();
  REQUIRE(driver.asked<Prepare>().size() == 1);
  CHECK(driver.asked<Prepare>().front().start == "base");
  CHECK(driver.attempt(0).epoch == 1);
  driver.prepared(0);
  CHECK(driver.tasks_asked<Launch>() == Tasks{0});
  driver.exited(0);
  CHECK(driver.tasks_asked<Capture>() == Tasks{0});
  CHECK(driver.state.tasks[0].captured_at == driver.now);
  driver.captured(0);
  REQUIRE(driver.asked<Verify>().size() == 1);
  CHECK(driver.asked<Verify>().front().commit == "commit0");
  CHECK(driver.asked<EndSession>().size() == 1);
  driver.verified(0);
  REQUIRE(driver.asked<Publish>().size() == 1);
  CHECK(driver.asked<Publish>().front().commit == "commit0");
  CHECK(driver.state.busy == 0);
  driver.published(0);
  CHECK(driver.phase(0) == Phase::kDone);
  CHECK(closed_as(driver) == RunOutcome::kDone);
  driver.send(RunClosed{RunOutcome::kDone});
  CHECK(driver.state.closed);
}

TEST_CASE(
    "every change of phase is a transition with its reason, and they follow from one another") {
  Driver driver = one_task();
  Phase phase = Phase::kWaiting;
  const auto follow = [&] {
    for (const Transition& transition : driver.effects.transitions) {
      CHECK(transition.from == phase);
      CHECK_FALSE(transition.reason.empty());
      phase = transition.to;
    }
  };
  follow();
  driver.prepared(0);
  follow();
  driver.exited(0, 1);
  follow();
  CHECK(phase == Phase::kFailed);
}

TEST_CASE("a plain command is accepted by exit 0 and is neither captured nor verified") {
  PlanBuilder builder;
  builder.run("lint");
  Driver driver(builder.plan);
  driver.open();
  driver.prepared(0);
  driver.exited(0);
  CHECK(driver.phase(0) == Phase::kDone);
  CHECK(driver.asked<Capture>().empty());
  CHECK(closed_as(driver) == RunOutcome::kDone);
}

TEST_CASE("an agent without `accept` goes straight from capture to publishing") {
  Driver driver = one_task(0, true, false);
  driver.prepared(0);
  driver.exited(0);
  driver.captured(0);
  CHECK(driver.tasks_asked<Publish>() == Tasks{0});
}

TEST_CASE("an agent that writes nothing is judged on its start commit and publishes nothing") {
  Driver driver = one_task(0, false, true);
  driver.prepared(0);
  driver.exited(0);
  REQUIRE(driver.asked<Verify>().size() == 1);
  CHECK(driver.asked<Verify>().front().commit == "base");
  driver.verified(0);
  CHECK(driver.phase(0) == Phase::kDone);
  CHECK(driver.asked<Publish>().empty());

  Driver unjudged = one_task(0, false, false);
  unjudged.prepared(0);
  unjudged.exited(0);
  CHECK(unjudged.phase(0) == Phase::kDone);
}

TEST_CASE(
    "nothing to change is accepted when the start commit passes, without a commit of its own") {
  Driver driver = one_task();
  driver.prepared(0);
  driver.exited(0);
  driver.captured(0, CaptureHow::kEmpty);
  REQUIRE(driver.asked<Verify>().size() == 1);
  CHECK(driver.asked<Verify>().front().commit == "base");
  driver.verified(0);
  CHECK(driver.phase(0) == Phase::kDone);
  CHECK(driver.state.tasks[0].reason == "nothing to change");
  CHECK(driver.state.tasks[0].commit.empty());
  CHECK(driver.asked<Publish>().empty());
}

TEST_CASE("nothing to change fails when the start commit does not pass") {
  Driver driver = one_task();
  driver.prepared(0);
  driver.exited(0);
  driver.captured(0, CaptureHow::kEmpty);
  driver.verified(0, false);
  CHECK(driver.phase(0) == Phase::kFailed);
  CHECK(driver.state.tasks[0].outcome == Outcome::kEvidenceFailed);
}

TEST_CASE("each way to fail has an outcome and a detail, and fails the run") {
  struct Row {
    ExitHow how;
    std::int32_t code;
    Outcome outcome;
    std::string detail;
  };
  for (const Row& row :
       {Row{ExitHow::kExited, 3, Outcome::kExitCode, "exit 3"},
        Row{ExitHow::kSignalled, 11, Outcome::kCrash, "signal 11"},
        Row{ExitHow::kTimedOut, 0, Outcome::kTimeout, "timed out"},
        Row{ExitHow::kOutputLimit, 0, Outcome::kOutputLimit, "too much output"},
        Row{ExitHow::kSpawnFailed, 0, Outcome::kSpawnFailed, "could not be started"}}) {
    Driver driver = one_task();
    driver.prepared(0);
    driver.exited(0, row.code, row.how);
    CHECK(driver.phase(0) == Phase::kFailed);
    CHECK(driver.state.tasks[0].outcome == row.outcome);
    CHECK(driver.state.tasks[0].detail == row.detail);
    CHECK(driver.asked<EndSession>().size() == 1);
    CHECK(driver.state.busy == 0);
    CHECK(closed_as(driver) == RunOutcome::kFailed);
  }
}

TEST_CASE("a failure is tried again at once with the next epoch until the retries are spent") {
  Driver driver = one_task(2);
  for (const Epoch epoch : {1U, 2U, 3U}) {
    CHECK(driver.attempt(0).epoch == epoch);
    driver.prepared(0);
    driver.exited(0, 1);
  }
  CHECK(driver.phase(0) == Phase::kFailed);
  CHECK(driver.state.tasks[0].reason == "exit 1 (attempt 3)");
  CHECK(driver.state.tasks[0].failures == 3);
}

TEST_CASE("a retry takes the session that the failed attempt left") {
  Driver driver = one_task(1);
  driver.prepared(0);
  driver.exited(0, 1);
  CHECK(driver.asked<EndSession>().empty());
  REQUIRE(driver.asked<Prepare>().size() == 1);
  CHECK(driver.asked<Prepare>().front().session.value == 0);
  CHECK(driver.state.sessions.size() == 1);
}

TEST_CASE("paths outside, what can't be committed and failed evidence each spend a retry") {
  const auto lose = [](Driver& driver, int how) {
    driver.prepared(0);
    driver.exited(0);
    if (how == 0)
      driver.captured(0, CaptureHow::kOutside);
    if (how == 1)
      driver.captured(0, CaptureHow::kRefused);
    if (how < 2)
      return;
    driver.captured(0);
    driver.verified(0, false);
  };
  for (const int how : {0, 1, 2}) {
    Driver driver = one_task(1);
    lose(driver, how);
    CHECK(driver.phase(0) == Phase::kPreparing);
    CHECK(driver.state.tasks[0].commit.empty());
    lose(driver, how);
    CHECK(driver.phase(0) == Phase::kFailed);
  }
}

TEST_CASE("a crash waits for its backoff, and the timer's answer counts once") {
  Driver driver = one_task(1);
  driver.prepared(0);
  driver.exited(0, 9, ExitHow::kSignalled);
  CHECK(driver.phase(0) == Phase::kReady);
  REQUIRE(driver.asked<StartTimer>().size() == 1);
  CHECK(driver.asked<StartTimer>().front().at == driver.now + 1000);
  CHECK(driver.asked<EndSession>().size() == 1);
  driver.send(TimerFired{{{0}, 1}});
  CHECK(driver.phase(0) == Phase::kPreparing);
  driver.prepared(0);
  const State before = driver.state;
  driver.send(TimerFired{{{0}, 1}});
  CHECK(driver.state.tasks == before.tasks);
}

TEST_CASE("the world's faults have a budget of their own and leave the retries alone") {
  Driver driver = one_task(0);
  driver.prepared(0, "disk full");
  CHECK(driver.asked<StartTimer>().front().at == driver.now + 1000);
  for (std::uint32_t lost = 2; lost < kLossBudget; ++lost) {
    driver.send(TimerFired{driver.attempt(0)});
    driver.prepared(0, "disk full");
    CHECK(driver.asked<StartTimer>().front().at == driver.now + 4000);
  }
  driver.send(TimerFired{driver.attempt(0)});
  CHECK(driver.attempt(0).epoch == kLossBudget);
  driver.prepared(0, "disk full");
  CHECK(driver.phase(0) == Phase::kFailed);
  CHECK(driver.state.tasks[0].outcome == Outcome::kWorld);
  CHECK(driver.state.tasks[0].failures == 0);
}

TEST_CASE("what could not be started for want of memory or processes is started again later") {
  Driver driver = one_task(0);
  driver.prepared(0);
  driver.exited(0, 0, ExitHow::kStarved);
  CHECK(driver.phase(0) == Phase::kReady);
  REQUIRE(driver.asked<StartTimer>().size() == 1);
  CHECK(driver.asked<StartTimer>().front().at == driver.now + 1000);
  CHECK(driver.state.tasks[0].failures == 0);
  CHECK(driver.state.tasks[0].losses == 1);
}

TEST_CASE("a lease that the user's own branch forbids fails the task at once, retries or not") {
  Driver driver = one_task(5);
  Prepared refused;
  refused.attempt = driver.attempt(0);
  refused.error = "the branch exists and is not fleetc's";
  refused.refused = true;
  driver.send(refused);
  CHECK(driver.phase(0) == Phase::kFailed);
  CHECK(driver.state.tasks[0].epoch == 1);
}

TEST_CASE("a branch that another task of the run has, or one beside it, is refused") {
  struct Row {
    std::string second;
    std::string says;
  };
  for (const Row& row :
       {Row{"work/a", "the branch `work/a` is one's in this run: a task has one of its own"},
        Row{"work/a/b", "the branch `work/a/b` cannot exist beside `work/a`, which is one's"},
        Row{"work", "the branch `work` cannot exist beside `work/a`, which is one's"},
        Row{"work/ab", ""}}) {
    PlanBuilder builder;
    const auto agent = builder.agent("fixer");
    builder.task("one", agent);
    builder[builder.task("two", agent)].retries = 5;
    Driver driver(builder.plan);
    driver.open();
    driver.send(Prepared{driver.attempt(0), "", "work/a", "slot", true, {}, ""});
    driver.exited(0, 1);
    driver.send(Prepared{driver.attempt(1), "", row.second, "slot", true, {}, ""});
    CAPTURE(row.second);
    CHECK(driver.phase(1) == (row.says.empty() ? Phase::kRunning : Phase::kFailed));
    CHECK(driver.state.tasks[1].detail.starts_with(row.says));
    CHECK(driver.state.tasks[1].epoch == 1);
  }
}

TEST_CASE("a task keeps its branch from one attempt to the next") {
  Driver driver = one_task(1);
  driver.prepared(0);
  driver.exited(0, 1);
  driver.prepared(0);
  CHECK(driver.phase(0) == Phase::kRunning);
}

TEST_CASE("a lost process is attempted again at once, as often as the budget of losses allows") {
  Driver driver = one_task(0);
  for (std::uint32_t lost = 1; lost < kLossBudget; ++lost) {
    driver.prepared(0);
    driver.exited(0, 0, ExitHow::kLost);
    CHECK(driver.attempt(0).epoch == lost + 1);
    CHECK(driver.asked<StartTimer>().empty());
  }
  driver.prepared(0);
  driver.exited(0, 0, ExitHow::kLost);
  CHECK(driver.phase(0) == Phase::kFailed);
}

TEST_CASE("a session that can't be spawned fails at once, retries or not") {
  Driver driver = one_task(5);
  driver.prepared(0);
  driver.exited(0, 0, ExitHow::kSpawnFailed);
  CHECK(driver.phase(0) == Phase::kFailed);
}

TEST_CASE("a branch that can't be moved fails the task with the reason and no retry") {
  Driver driver = one_task(5);
  driver.prepared(0);
  driver.exited(0);
  driver.captured(0);
  driver.verified(0);
  driver.published(0, "somebody else moved it");
  CHECK(driver.phase(0) == Phase::kFailed);
  CHECK(driver.state.tasks[0].reason == "its branch could not be moved: somebody else moved it");
}

TEST_CASE("`else skip` skips what fails, and the run is done") {
  PlanBuilder builder;
  const auto task = builder.task("fix", builder.agent("fixer"));
  builder[task].otherwise = fleet::plan::Otherwise::kSkip;
  Driver driver(builder.plan);
  driver.open();
  driver.prepared(0);
  driver.exited(0, 1);
  CHECK(driver.phase(0) == Phase::kSkipped);
  CHECK(driver.node(task).skipped == 1);
  CHECK(driver.node(task).failed == 0);
  CHECK(closed_as(driver) == RunOutcome::kDone);
}

TEST_CASE("a session that ended with its engine, and not by a stop, costs a loss and no retry") {
  Driver driver = one_task(0);
  driver.prepared(0);
  driver.send(Resumed{4, 0, "2"});
  driver.send(Reconciled{driver.attempt(0), Found::kRunning});
  driver.exited(0, 0, ExitHow::kCancelled);
  CHECK(driver.phase(0) == Phase::kPreparing);
  CHECK(driver.state.tasks[0].epoch == 2);
  CHECK(driver.state.tasks[0].losses == 1);
  CHECK(driver.state.tasks[0].failures == 0);
}

TEST_CASE("a session that ends with its engine each time is given up in the end") {
  Driver driver = one_task(0);
  for (std::uint32_t i = 0; i < kLossBudget; ++i) {
    CHECK(driver.phase(0) == Phase::kPreparing);
    driver.prepared(0);
    driver.exited(0, 0, ExitHow::kCancelled);
  }
  CHECK(driver.phase(0) == Phase::kCancelled);
  CHECK(closed_as(driver) == RunOutcome::kFailed);
}

TEST_CASE(
    "a superseded attempt, a repeated event and one out of place change nothing but the count") {
  Driver driver = one_task(1);
  driver.prepared(0);
  driver.exited(0, 1);
  REQUIRE(driver.attempt(0).epoch == 2);
  const Attempt old{{0}, 1};
  const Attempt now{{0}, 2};
  const Attempt unknown{{9}, 0};
  Prepared late = of<Prepared>(old);
  late.error = "late";
  RunOpened again;
  again.run = "other";
  SpawnDecided decided;
  ItemsListed nowhere;
  nowhere.node = {9};
  for (const EventBody& body : std::vector<EventBody>{late,
                                                      of<Exited>(old),
                                                      of<Captured>(old),
                                                      of<Verified>(old),
                                                      of<Published>(old),
                                                      of<Merged>(old),
                                                      of<TimerFired>(old),
                                                      Reconciled{old, Found::kLost},
                                                      of<Exited>(now),
                                                      of<Captured>(now),
                                                      of<Verified>(now),
                                                      of<Published>(now),
                                                      of<Merged>(now),
                                                      of<TimerFired>(now),
                                                      of<Prepared>(unknown),
                                                      of<Exited>(unknown),
                                                      ItemsListed(),
                                                      nowhere,
                                                      decided,
                                                      RunClosed{RunOutcome::kDone},
                                                      again}) {
    State expected = driver.state;
    ++expected.events;
    driver.send(body);
    CAPTURE(name_of(body));
    CHECK(driver.state == expected);
    CHECK(driver.effects.commands.empty());
    CHECK(driver.effects.transitions.empty());
  }
}

TEST_CASE("before a run is opened nothing is heard") {
  PlanBuilder builder;
  builder.run("lint");
  Driver driver(builder.plan);
  driver.send(Resumed{1, 0, ""});
  driver.send(StopAsked{});
  driver.send(Exited{});
  CHECK(driver.effects.commands.empty());
  CHECK_FALSE(driver.state.opened);
}
