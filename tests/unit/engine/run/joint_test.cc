// Joints: `all`, `any`, loops, and the last value of a name that a loop binds.
#include <catch2/catch.hpp>

#include "tests/unit/engine/run/driver.h"

using namespace fleet::run;
using namespace fleet::test;
using fleet::plan::EdgeKind;
using fleet::plan::NodeKind;
using fleet::plan::Otherwise;

namespace {

// Two reviews of one change, each of which may be skipped, joined.
struct Joined {
  PlanBuilder builder;
  NodeIndex build = builder.task("build", builder.agent("builder"));
  NodeIndex first = builder.review("first", builder.reviewer("a"), build);
  NodeIndex second = builder.review("second", builder.reviewer("b"), build);
  NodeIndex both;

  explicit Joined(NodeKind kind) {
    builder[first].otherwise = builder[second].otherwise = Otherwise::kSkip;
    both = builder.joint("both", kind, {first, second});
  }
  Driver driver() const {
    Driver driver(builder.plan);
    driver.open();
    driver.succeed(0);
    return driver;
  }
};

// `loop until look.approved max 2`, where each round is one command.
struct Looped {
  PlanBuilder builder;
  NodeIndex build = builder.task("build", builder.agent("builder"));
  fleet::plan::AgentIndex reviewer = builder.reviewer("strict");
  NodeIndex look0 = builder.review("look", reviewer, build);
  NodeIndex fix1 = builder.run("polish#1.fix", {edge(look0, EdgeKind::kChangesRequested)});
  NodeIndex look1 = builder.review("polish#1.look", reviewer, build, {accepted(fix1)});
  NodeIndex fix2 = builder.run("polish#2.fix", {edge(look1, EdgeKind::kChangesRequested)});
  NodeIndex look2 = builder.review("polish#2.look", reviewer, build, {accepted(fix2)});
  NodeIndex polish =
      builder.joint("polish", NodeKind::kLoop, {look0, look1, look2}, EdgeKind::kApproved);
  NodeIndex last = builder.joint("polish.look", NodeKind::kLast, {look0, look1, look2});

  Looped() { builder[last].otherwise = Otherwise::kSkip; }
  Driver driver() const {
    Driver driver(builder.plan);
    driver.open();
    driver.succeed(0);
    return driver;
  }
};

}  // namespace

TEST_CASE("`all` waits for every step, and is approved when each is") {
  Joined plan(NodeKind::kAll);
  Driver driver = plan.driver();
  driver.approve(1);
  CHECK(driver.node(plan.both).phase == NodePhase::kWaiting);
  driver.approve(2);
  CHECK(driver.fires(plan.both, EdgeKind::kApproved));
  CHECK_FALSE(driver.fires(plan.both, EdgeKind::kAccepted));
  CHECK_FALSE(driver.fires(plan.both, EdgeKind::kChangesRequested));
}

TEST_CASE("`all` wants changes when one step does and none failed") {
  Joined plan(NodeKind::kAll);
  Driver driver = plan.driver();
  driver.request_changes(1, {"f-1"});
  driver.approve(2);
  CHECK(driver.fires(plan.both, EdgeKind::kChangesRequested));
  CHECK_FALSE(driver.fires(plan.both, EdgeKind::kApproved));
  CHECK_FALSE(driver.fires(plan.both, EdgeKind::kFailed));
}

TEST_CASE("`all` fails when a step was skipped after failing, even though its run does not") {
  Joined plan(NodeKind::kAll);
  Driver driver = plan.driver();
  driver.request_changes(1, {"f-1"});
  driver.command(2, 1);
  CHECK(driver.fires(plan.both, EdgeKind::kFailed));
  CHECK_FALSE(driver.fires(plan.both, EdgeKind::kChangesRequested));
  CHECK(driver.node(plan.both).reason == "`second` was skipped: exit 1");
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kFailed);
}

TEST_CASE("`all` may be skipped when a step failed") {
  Joined plan(NodeKind::kAll);
  plan.builder[plan.both].otherwise = Otherwise::kSkip;
  Driver driver = plan.driver();
  driver.approve(1);
  driver.command(2, 1);
  CHECK(driver.fires(plan.both, EdgeKind::kDone));
  CHECK_FALSE(driver.fires(plan.both, EdgeKind::kFailed));
  CHECK_FALSE(driver.fires(plan.both, EdgeKind::kApproved));
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
}

TEST_CASE("a joint of steps that were never started was not started either") {
  for (const NodeKind kind : {NodeKind::kAll, NodeKind::kAny, NodeKind::kLast}) {
    Joined plan(kind);
    plan.builder[plan.build].otherwise = Otherwise::kSkip;
    Driver driver(plan.builder.plan);
    driver.open();
    driver.command(0, 1);
    CHECK(driver.node(plan.both).unreachable);
    CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
  }
}

TEST_CASE("`any` is over with the first success, and cancels what runs") {
  Joined plan(NodeKind::kAny);
  const auto next = plan.builder.run("next", {edge(plan.both, EdgeKind::kApproved)});
  Driver driver = plan.driver();
  driver.prepared(2);
  driver.approve(1);
  CHECK(driver.fires(plan.both, EdgeKind::kApproved));
  CHECK(driver.tasks_asked<Cancel>() == Tasks{2});
  CHECK(driver.phase(driver.node(next).tasks.front().value) == Phase::kPreparing);
  driver.exited(2, 0, ExitHow::kCancelled);
  CHECK(driver.phase(2) == Phase::kCancelled);
  CHECK(driver.state.tasks[2].reason == "`first` was first");
  CHECK_FALSE(driver.fires(plan.second, EdgeKind::kFailed));
  driver.command(3);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
}

TEST_CASE("`any` takes back what it cancelled at each point of an attempt") {
  SECTION("not started") {
    Joined plan(NodeKind::kAny);
    Driver driver(plan.builder.plan);
    driver.open(1);
    driver.succeed(0);
    driver.approve(1);
    CHECK(driver.phase(2) == Phase::kSkipped);
    CHECK(driver.asked<CloseRun>().size() == 1);
  }
  SECTION("its worktree was being made") {
    Joined plan(NodeKind::kAny);
    Driver driver = plan.driver();
    driver.approve(1);
    CHECK(driver.phase(2) == Phase::kPreparing);
    driver.prepared(2);
    CHECK(driver.asked<Launch>().empty());
    CHECK(driver.phase(2) == Phase::kCancelled);
    CHECK(driver.asked<EndSession>().size() == 1);
  }
  SECTION("it succeeded before it was cancelled") {
    Joined plan(NodeKind::kAny);
    Driver driver = plan.driver();
    driver.prepared(2);
    driver.approve(1);
    driver.verdict(2, Verdict::kApproved);
    driver.exited(2);
    CHECK(driver.phase(2) == Phase::kCancelled);
  }
  SECTION("it was waiting for a human") {
    Joined plan(NodeKind::kAny);
    plan.builder.escalates_to_human();
    plan.builder[plan.second].otherwise = Otherwise::kEscalate;
    Driver driver = plan.driver();
    driver.command(2, 1);
    CHECK(driver.phase(2) == Phase::kParked);
    driver.approve(1);
    CHECK(driver.tasks_asked<CloseGate>() == Tasks{2});
    CHECK(driver.phase(2) == Phase::kCancelled);
    CHECK(open_gates(driver.state).empty());
  }
  SECTION("the engine died while it was being cancelled") {
    Joined plan(NodeKind::kAny);
    Driver driver = plan.driver();
    driver.prepared(2);
    driver.approve(1);
    driver.send(Resumed{4, 0, ""});
    driver.send(Reconciled{driver.attempt(2), Found::kRunning});
    CHECK(driver.tasks_asked<Cancel>() == Tasks{2});
    driver.exited(2, 0, ExitHow::kCancelled);
    CHECK(driver.phase(2) == Phase::kCancelled);
    CHECK(driver.state.tasks[2].losses == 0);
  }
  SECTION("the engine died before it was launched") {
    Joined plan(NodeKind::kAny);
    Driver driver = plan.driver();
    driver.prepared(2);
    driver.approve(1);
    driver.send(Resumed{4, 0, ""});
    driver.send(Reconciled{driver.attempt(2), Found::kNeverStarted});
    CHECK(driver.asked<Launch>().empty());
    CHECK(driver.phase(2) == Phase::kCancelled);
  }
}

TEST_CASE("`any` fails when none can succeed, and wants changes when one of the others does") {
  Joined plan(NodeKind::kAny);
  Driver driver = plan.driver();
  driver.command(1, 1);
  CHECK(driver.node(plan.both).phase == NodePhase::kWaiting);
  SECTION("all failed") {
    driver.command(2, 1);
    CHECK(driver.fires(plan.both, EdgeKind::kFailed));
  }
  SECTION("one wants changes") {
    driver.request_changes(2, {"f-1"});
    CHECK(driver.fires(plan.both, EdgeKind::kChangesRequested));
    CHECK_FALSE(driver.fires(plan.both, EdgeKind::kFailed));
    CHECK(findings_of(driver.plan, driver.state, plan.both).size() == 1);
  }
}

TEST_CASE("a loop is approved by its first test, and rounds that never begin fail nothing") {
  Looped plan;
  Driver driver = plan.driver();
  driver.approve(1);
  CHECK(driver.fires(plan.polish, EdgeKind::kApproved));
  CHECK(driver.node(plan.look2).unreachable);
  CHECK(driver.fires(plan.last, EdgeKind::kApproved));
  CHECK(driver.node(plan.last).stands_for == plan.look0);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
}

TEST_CASE("a round begins when the test before it did not hold") {
  Looped plan;
  Driver driver = plan.driver();
  driver.request_changes(1, {"f-1"});
  CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
  driver.command(2);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{3});
  driver.approve(3);
  CHECK(driver.fires(plan.polish, EdgeKind::kApproved));
  CHECK(driver.node(plan.last).stands_for == plan.look1);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
}

TEST_CASE("a loop fails when its last test does not hold, and says what is left") {
  Looped plan;
  Driver driver = plan.driver();
  driver.request_changes(1, {"f-1"});
  driver.command(2);
  driver.request_changes(3, {"f-1"});
  driver.command(4);
  CHECK(driver.node(plan.polish).phase == NodePhase::kWaiting);
  driver.request_changes(5, {"f-1"});
  CHECK(driver.fires(plan.polish, EdgeKind::kFailed));
  CHECK(driver.node(plan.polish).reason ==
        "`polish#2.look.approved` did not hold after 2 of 2 rounds: "
        "`polish#2.look.approved` cannot fire: it wants changes");
  CHECK(driver.fires(plan.last, EdgeKind::kChangesRequested));
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kFailed);
}

TEST_CASE("a loop fails when a round breaks off") {
  Looped plan;
  Driver driver = plan.driver();
  driver.request_changes(1, {"f-1"});
  driver.command(2, 1);
  CHECK(driver.fires(plan.polish, EdgeKind::kFailed));
  CHECK(driver.node(plan.last).stands_for == plan.look0);
}

TEST_CASE("a loop none of whose tests was made was never started") {
  Looped plan;
  Driver driver(plan.builder.plan);
  driver.open();
  driver.command(0, 1);
  CHECK(driver.node(plan.polish).unreachable);
  CHECK(driver.node(plan.last).unreachable);
}
