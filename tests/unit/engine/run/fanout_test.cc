// Fan-outs: items are tasks, sessions serve them, and one bad item does not lose the others.
#include <catch2/catch.hpp>

#include "tests/unit/engine/run/driver.h"

using namespace fleet::run;
using namespace fleet::test;
using fleet::plan::EdgeKind;

namespace {

struct Fan {
  PlanBuilder builder;
  NodeIndex fixes;
  explicit Fan(std::vector<std::string> items) {
    fixes = builder.fanout("fixes", {builder.agent("fixer")}, std::move(items));
  }
  Driver driver() const { return Driver(builder.plan); }
};

std::vector<std::uint32_t> sessions_asked(const Driver& driver) {
  std::vector<std::uint32_t> sessions;
  for (const Prepare& prepare : driver.asked<Prepare>())
    sessions.push_back(prepare.session.value);
  return sessions;
}

}  // namespace

TEST_CASE("a fan-out lists its items, asks for the spawn check, then starts in the decided order") {
  Fan fan({"a", "b", "c"});
  Driver driver = fan.driver();
  driver.open();
  REQUIRE(driver.asked<ListItems>().size() == 1);
  driver.send(ItemsListed{fan.fixes, {"a", "b", "c"}, 9, ""});
  REQUIRE(driver.asked<DecideSpawn>().size() == 1);
  CHECK(driver.node(fan.fixes).found == 9);
  CHECK(driver.phase(2) == Phase::kWaiting);
  SpawnDecided decided;
  decided.node = fan.fixes;
  decided.sessions = 2;
  decided.order = {2, 0, 1};
  driver.send(decided);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{2, 0});
  CHECK(driver.state.tasks[2].item == "c");
  CHECK(driver.state.tasks[2].item_index == 2);
  CHECK(driver.node(fan.fixes).decision == decided);
}

TEST_CASE("a decision with a faulty order delays items but loses none") {
  Fan fan({"a", "b", "c"});
  Driver driver = fan.driver();
  driver.open();
  driver.send(ItemsListed{fan.fixes, {"a", "b", "c"}, 3, ""});
  SpawnDecided decided;
  decided.node = fan.fixes;
  decided.sessions = 0;
  decided.order = {2, 2, 77};
  driver.send(decided);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
  driver.succeed(2);
  driver.succeed(0);
  driver.succeed(1);
  CHECK(driver.asked<CloseRun>().size() == 1);
}

TEST_CASE("a fan-out over nothing is accepted without a session") {
  Fan fan({});
  Driver driver = fan.driver();
  driver.open();
  driver.spread(fan.fixes, 1);
  CHECK(fired(driver.plan, driver.state, fan.fixes, EdgeKind::kAccepted));
  CHECK_FALSE(fired(driver.plan, driver.state, fan.fixes, EdgeKind::kSomeAccepted));
  CHECK_FALSE(fired(driver.plan, driver.state, fan.fixes, EdgeKind::kFailed));
  CHECK(driver.asked<DecideSpawn>().empty());
  REQUIRE(driver.asked<CloseRun>().size() == 1);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
}

TEST_CASE("a source that can't be evaluated fails the step with its reason") {
  Fan fan({});
  const auto after = fan.builder.run("after", {accepted(fan.fixes)});
  Driver driver = fan.driver();
  driver.open();
  driver.send(ItemsListed{fan.fixes, {}, 0, "no such file"});
  CHECK(driver.node(fan.fixes).reason == "no such file");
  CHECK(driver.node(after).reason == "`fixes.accepted` cannot fire: no such file");
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kFailed);
}

TEST_CASE("sessions serve one item after another and are never more than was decided") {
  Fan fan({"a", "b", "c", "d", "e"});
  Driver driver = fan.driver();
  driver.open(8);
  driver.spread(fan.fixes, 2);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{0, 1});
  CHECK(sessions_asked(driver) == Tasks{0, 1});
  driver.prepared(1);
  driver.exited(1);
  driver.captured(1);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
  CHECK(sessions_asked(driver) == Tasks{1});
  CHECK(driver.tasks_asked<Verify>() == Tasks{1});
  driver.prepared(2);
  driver.exited(2, 1);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{3});
  CHECK(sessions_asked(driver) == Tasks{1});
  CHECK(driver.state.sessions.size() == 2);
}

TEST_CASE("a session with nothing left to serve ends") {
  Fan fan({"a", "b"});
  Driver driver = fan.driver();
  driver.open(8);
  driver.spread(fan.fixes, 1);
  driver.prepared(0);
  driver.exited(0, 1);
  CHECK(driver.asked<EndSession>().empty());
  driver.prepared(1);
  driver.exited(1, 1);
  CHECK(driver.asked<EndSession>().size() == 1);
  CHECK(driver.node(fan.fixes).sessions_open == 0);
}

TEST_CASE("a retry waits behind the other items") {
  Fan fan({"a", "b", "c"});
  fan.builder[fan.fixes].retries = 1;
  Driver driver = fan.driver();
  driver.open(1);
  driver.spread(fan.fixes, 1);
  const auto fail_next = [&](std::uint32_t expected) {
    CHECK(driver.phase(expected) == Phase::kPreparing);
    driver.prepared(expected);
    driver.exited(expected, 1);
  };
  for (const std::uint32_t task : {0U, 1U, 2U, 0U, 1U, 2U})
    fail_next(task);
  CHECK(driver.node(fan.fixes).failed == 3);
}

TEST_CASE("one failing item does not lose the others, and the counts say so") {
  Fan fan({"a", "b", "c"});
  const auto all = fan.builder.merge("all", {fan.fixes}, {accepted(fan.fixes)});
  const auto some =
      fan.builder.merge("some", {fan.fixes}, {edge(fan.fixes, EdgeKind::kSomeAccepted)});
  Driver driver = fan.driver();
  driver.open(8);
  driver.spread(fan.fixes, 3);
  const std::uint32_t first = driver.node(fan.fixes).tasks.front().value;
  driver.succeed(first + 2);
  driver.prepared(first + 1);
  driver.exited(first + 1, 1);
  CHECK_FALSE(can_fire(driver.plan, driver.state, fan.fixes, EdgeKind::kAccepted));
  CHECK(driver.node(all).phase == NodePhase::kWaiting);
  driver.succeed(first);
  CHECK(driver.node(all).reason == "`fixes.accepted` cannot fire: 1 of 3 items failed");
  REQUIRE(driver.asked<DoMerge>().size() == 1);
  CHECK(driver.asked<DoMerge>().front().attempt.task == driver.node(some).tasks.front());
  const std::vector<std::string> commits = {"commit" + std::to_string(first),
                                            "commit" + std::to_string(first + 2)};
  CHECK(driver.asked<DoMerge>().front().commits == commits);
}

TEST_CASE("skipped items do not count against `.accepted` as long as one was accepted") {
  for (const bool one_good : {true, false}) {
    Fan fan({"a", "b"});
    fan.builder[fan.fixes].otherwise = fleet::plan::Otherwise::kSkip;
    const auto after = fan.builder.run("after", {accepted(fan.fixes)});
    Driver driver = fan.driver();
    driver.open(8);
    driver.spread(fan.fixes, 2);
    driver.prepared(1);
    driver.exited(1, 1);
    if (one_good) {
      driver.succeed(2);
      CHECK(driver.node(after).phase == NodePhase::kOpen);
    } else {
      driver.prepared(2);
      driver.exited(2, 1);
      CHECK(driver.node(after).reason == "`fixes.accepted` cannot fire: 2 of 2 items were skipped");
    }
  }
}

TEST_CASE("a fan-out to several named agents gives each one session") {
  PlanBuilder builder;
  const auto a = builder.agent("a", false);
  const auto b = builder.agent("b", false);
  const auto fixes = builder.fanout("fixes", {a, b}, {"1", "2", "3"});
  Driver driver(builder.plan);
  driver.open(8);
  driver.spread(fixes, 3);
  REQUIRE(driver.asked<Prepare>().size() == 2);
  CHECK(driver.state.sessions[0].agent == a);
  CHECK(driver.state.sessions[1].agent == b);
}

namespace {

// Four items, the first and the last of which go to `b`.
struct Routed {
  PlanBuilder builder;
  NodeIndex fixes;
  Routed() {
    const auto a = builder.agent("a");
    const auto b = builder.agent("b", false);
    fixes = builder.fanout("fixes", {a, b}, {"0", "1", "2", "3"});
  }
  Driver driver(std::uint32_t sessions) const {
    Driver driver(builder.plan);
    driver.open();
    driver.send(ItemsListed{fixes, {"0", "1", "2", "3"}, 4, "", {1, 0, 0, 1}});
    SpawnDecided decided;
    decided.node = fixes;
    decided.sessions = sessions;
    driver.send(decided);
    return driver;
  }
};

std::uint32_t agent_of(const Driver& driver, std::uint32_t task) {
  return driver.state.sessions[driver.state.tasks[task].session.value].agent.value;
}

}  // namespace

TEST_CASE("a routed item is served by the agent that it is routed to, and by no other") {
  for (const std::uint32_t sessions : {1U, 2U, 4U}) {
    Routed plan;
    Driver driver = plan.driver(sessions);
    std::vector<std::uint32_t> served;
    for (int turn = 0; turn < 4; ++turn) {
      for (std::uint32_t task = 0; task < 4; ++task) {
        if (driver.phase(task) != Phase::kPreparing)
          continue;
        served.push_back(task);
        CHECK(agent_of(driver, task) == (task == 0 || task == 3 ? 1 : 0));
        driver.succeed(task);
      }
    }
    CHECK(served.size() == 4);
    CHECK(driver.asked<CloseRun>().size() == 1);
    for (const Session& session : driver.state.sessions)
      CHECK_FALSE(session.open);
  }
}

TEST_CASE("a routed item that is tried again stays with its agent") {
  Routed plan;
  plan.builder[plan.fixes].retries = 1;
  Driver driver = plan.driver(1);
  const std::uint32_t first = driver.phase(0) == Phase::kPreparing ? 0 : 1;
  const std::uint32_t agent = agent_of(driver, first);
  driver.command(first, 1);
  for (int turn = 0; turn < 4; ++turn) {
    for (std::uint32_t task = 0; task < 4; ++task) {
      if (driver.phase(task) == Phase::kPreparing)
        driver.succeed(task);
    }
  }
  CHECK(driver.phase(first) == Phase::kDone);
  CHECK(driver.state.tasks[first].epoch == 2);
  CHECK(agent_of(driver, first) == agent);
}
