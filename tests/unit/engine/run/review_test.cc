// Reviews: what a verdict is, what it binds to, and what becomes of findings.
#include <catch2/catch.hpp>

#include "tests/unit/engine/run/driver.h"

using namespace fleet::run;
using namespace fleet::test;
using fleet::plan::EdgeKind;

namespace {

struct Reviewed {
  PlanBuilder builder;
  NodeIndex build = builder.task("build", builder.agent("builder"));
  NodeIndex look = builder.review("look", builder.reviewer("strict"), build);

  Driver driver() const {
    Driver driver(builder.plan);
    driver.open();
    driver.succeed(0);
    return driver;
  }
};

std::vector<std::string> items_of(const Driver& driver, NodeIndex node) {
  std::vector<std::string> items;
  for (const TaskIndex task : driver.node(node).tasks)
    items.push_back(driver.state.tasks[task.value].item);
  return items;
}

}  // namespace

TEST_CASE("a review that approves fires `.approved`, and never `.accepted`") {
  Reviewed plan;
  Driver driver = plan.driver();
  driver.approve(1);
  CHECK(driver.phase(1) == Phase::kDone);
  CHECK(driver.fires(plan.look, EdgeKind::kApproved));
  CHECK_FALSE(driver.fires(plan.look, EdgeKind::kAccepted));
  CHECK_FALSE(driver.fires(plan.look, EdgeKind::kSomeAccepted));
  CHECK_FALSE(driver.fires(plan.look, EdgeKind::kChangesRequested));
  CHECK_FALSE(driver.fires(plan.look, EdgeKind::kFailed));
}

TEST_CASE("a review that wants changes fires `.changes_requested`, and did not fail") {
  Reviewed plan;
  Driver driver = plan.driver();
  driver.request_changes(1, {"f-1"});
  CHECK(driver.phase(1) == Phase::kDone);
  CHECK(driver.state.tasks[1].reason == "changes requested: 1 finding");
  CHECK(driver.fires(plan.look, EdgeKind::kChangesRequested));
  CHECK_FALSE(driver.fires(plan.look, EdgeKind::kApproved));
  CHECK_FALSE(driver.fires(plan.look, EdgeKind::kFailed));
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
}

TEST_CASE("a verdict is of the commit that the review began at") {
  Reviewed plan;
  Driver driver = plan.driver();
  CHECK(driver.state.tasks[1].start == "commit0");
}

TEST_CASE("the last verdict of an attempt counts") {
  Reviewed plan;
  Driver driver = plan.driver();
  driver.prepared(1);
  driver.verdict(1, Verdict::kApproved);
  driver.finding(1, "f-1");
  driver.verdict(1, Verdict::kChangesRequested);
  driver.exited(1);
  CHECK(driver.fires(plan.look, EdgeKind::kChangesRequested));
}

TEST_CASE("a review without a verdict, or that wants changes and says none, is tried again") {
  for (const bool says : {false, true}) {
    Reviewed plan;
    plan.builder[plan.look].retries = 1;
    Driver driver = plan.driver();
    driver.prepared(1);
    if (says)
      driver.verdict(1, Verdict::kChangesRequested);
    driver.exited(1);
    CHECK(driver.state.tasks[1].outcome == Outcome::kNoVerdict);
    CHECK(driver.state.tasks[1].failures == 1);
    CHECK(driver.phase(1) == Phase::kPreparing);
    driver.prepared(1);
    driver.exited(1);
    CHECK(driver.phase(1) == Phase::kFailed);
    CHECK(driver.fires(plan.look, EdgeKind::kFailed));
  }
}

TEST_CASE("a verdict of an earlier attempt, or after the exit, is none") {
  Reviewed plan;
  plan.builder[plan.look].retries = 1;
  Driver driver = plan.driver();
  const Attempt first = driver.attempt(1);
  driver.prepared(1);
  driver.verdict(1, Verdict::kApproved);
  driver.exited(1, 3);
  CHECK_FALSE(driver.state.tasks[1].verdict.has_value());
  driver.send(VerdictGiven{first, Verdict::kApproved, ""});
  driver.prepared(1);
  driver.exited(1);
  driver.verdict(1, Verdict::kApproved);
  CHECK(driver.phase(1) == Phase::kFailed);
  CHECK(driver.state.tasks[1].detail == "ended without a verdict");
}

TEST_CASE("an agent that says that it failed has failed, whatever its exit code") {
  for (const int code : {0, 7}) {
    PlanBuilder builder;
    builder.task("build", builder.agent("builder"));
    Driver driver(builder.plan);
    driver.open();
    driver.prepared(0);
    driver.send(Concluded{driver.attempt(0), false, "no compiler"});
    driver.exited(0, code);
    CHECK(driver.phase(0) == Phase::kFailed);
    CHECK(driver.state.tasks[0].outcome == Outcome::kSaidFailed);
    CHECK(driver.state.tasks[0].detail == "says that it failed: no compiler");
  }
}

TEST_CASE("findings of all reviewers are united, one an id, the most severe first") {
  PlanBuilder builder;
  const auto build = builder.task("build", builder.agent("builder"));
  const auto first = builder.review("first", builder.reviewer("a"), build);
  const auto second = builder.review("second", builder.reviewer("b"), build);
  const auto both = builder.joint("both", fleet::plan::NodeKind::kAll, {first, second});
  Driver driver(builder.plan);
  driver.open();
  driver.succeed(0);
  driver.prepared(1);
  driver.prepared(2);
  driver.finding(1, "f-1", Severity::kMinor, "as the first has it");
  driver.finding(1, "f-2", Severity::kMinor);
  driver.finding(1, "f-2", Severity::kMajor, "filed again");
  driver.finding(2, "f-3", Severity::kNote);
  driver.finding(2, "f-1", Severity::kCritical, "as the second has it");
  std::vector<std::string> seen;
  for (const Finding& finding : findings_of(driver.plan, driver.state, both))
    seen.push_back(finding.id + " " + finding.title);
  CHECK(seen == std::vector<std::string>{"f-1 as the second has it", "f-2 filed again", "f-3 "});
}

TEST_CASE("findings become items without being asked for: ids, severe ones first, up to `limit`") {
  Reviewed plan;
  const auto fixes = plan.builder.fanout("fixes", {plan.builder.agent("fixer")}, {},
                                         {edge(plan.look, EdgeKind::kChangesRequested)});
  plan.builder[fixes].start = plan.look;
  plan.builder[fixes].fanout->source.kind = fleet::plan::FanoutSource::Kind::kFindings;
  plan.builder[fixes].fanout->source.of = plan.look;
  plan.builder[fixes].fanout->limit = 2;
  Driver driver = plan.driver();
  driver.prepared(1);
  driver.finding(1, "f-minor", Severity::kMinor);
  driver.finding(1, "f-major", Severity::kMajor);
  driver.finding(1, "f-critical", Severity::kCritical);
  driver.verdict(1, Verdict::kChangesRequested);
  driver.exited(1);
  CHECK(driver.asked<ListItems>().empty());
  CHECK(driver.asked<DecideSpawn>().size() == 1);
  CHECK(items_of(driver, fixes) == std::vector<std::string>{"f-critical", "f-major"});
  CHECK(driver.node(fixes).found == 3);
  SpawnDecided decided;
  decided.node = fixes;
  decided.sessions = 2;
  driver.send(decided);
  REQUIRE(driver.asked<Prepare>().size() == 2);
  CHECK(driver.asked<Prepare>().front().start == "commit0");
}

TEST_CASE("a fan-out over no findings is accepted without an item") {
  Reviewed plan;
  const auto fixes = plan.builder.fanout("fixes", {plan.builder.agent("fixer")}, {},
                                         {edge(plan.look, EdgeKind::kApproved)});
  plan.builder[fixes].fanout->source.kind = fleet::plan::FanoutSource::Kind::kFindings;
  plan.builder[fixes].fanout->source.of = plan.look;
  Driver driver = plan.driver();
  driver.approve(1);
  CHECK(driver.fires(fixes, EdgeKind::kAccepted));
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
}

TEST_CASE("who finds something major after approving has not approved, until they say so again") {
  PlanBuilder builder;
  const auto build = builder.task("build", builder.agent("builder"));
  const auto look = builder.review("look", builder.reviewer("strict"), build);
  Driver driver(builder.plan);
  driver.open();
  driver.succeed(0);
  driver.prepared(1);
  driver.finding(1, "f-1", Severity::kMinor);
  driver.verdict(1, Verdict::kApproved);
  SECTION("a minor one, or one that was there, changes nothing") {
    driver.finding(1, "f-2", Severity::kMinor);
    driver.finding(1, "f-1", Severity::kMinor);
    driver.exited(1);
    CHECK(driver.fires(look, EdgeKind::kApproved));
  }
  SECTION("nothing is said after it") {
    driver.finding(1, "f-2", Severity::kMajor);
    driver.exited(1);
    CHECK(driver.phase(1) == Phase::kFailed);
    CHECK(driver.state.tasks[1].outcome == Outcome::kNoVerdict);
    CHECK(driver.state.tasks[1].reason ==
          "found something after it had approved, and gave no verdict after that");
  }
  SECTION("it approves all the same") {
    driver.finding(1, "f-2", Severity::kMajor);
    driver.verdict(1, Verdict::kApproved);
    driver.exited(1);
    CHECK(driver.fires(look, EdgeKind::kApproved));
  }
}
