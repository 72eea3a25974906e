// Tips: what a step's branch is at, what merges take and move, and what an approval is of.
#include <catch2/catch.hpp>

#include "tests/unit/engine/run/driver.h"

using namespace fleet::run;
using namespace fleet::test;
using fleet::plan::EdgeKind;
using fleet::plan::NodeKind;
using fleet::plan::Otherwise;

namespace {

// build, review, one fix gathered into the build's branch, a second review, and the base.
struct Shipped {
  PlanBuilder builder;
  fleet::plan::AgentIndex reviewer = builder.reviewer("strict");
  NodeIndex build = builder.task("build", builder.agent("builder"));
  NodeIndex look = builder.review("look", reviewer, build);
  NodeIndex fix =
      builder.task("fix", builder.agent("fixer"), {edge(look, EdgeKind::kChangesRequested)});
  NodeIndex gather = builder.merge("gather", {fix}, {accepted(fix), accepted(build)});
  NodeIndex again = builder.review("again", reviewer, build, {edge(gather, EdgeKind::kMerged)});

  Shipped() {
    builder[fix].start = look;
    builder[gather].merge->into.clear();
    builder[gather].merge->into_step = build;
  }
  NodeIndex into_base(PlanBuilder::Edges after) {
    after.push_back(accepted(build));
    const NodeIndex merge = builder.merge("merge", {build}, std::move(after));
    builder[merge].merge->into = {{false, "main"}};
    builder[merge].merge->into_base = true;
    return merge;
  }
  // Up to the second review.
  Driver driver() const {
    Driver driver(builder.plan);
    driver.open();
    driver.succeed(0);
    driver.request_changes(1, {"f-1"});
    driver.succeed(2);
    return driver;
  }
};

}  // namespace

TEST_CASE("a fix starts at the commit that was reviewed") {
  Shipped plan;
  Driver driver = plan.driver();
  CHECK(driver.state.tasks[2].start == "commit0");
}

TEST_CASE("a merge into a step's branch begins at its tip and moves it, and reviews see that") {
  Shipped plan;
  Driver driver = plan.driver();
  REQUIRE(driver.asked<DoMerge>().size() == 1);
  CHECK(driver.asked<DoMerge>().front().start == "commit0");
  CHECK(driver.asked<DoMerge>().front().commits == std::vector<std::string>{"commit2"});
  driver.merged_to(3, "gathered");
  CHECK(driver.node(plan.build).tip == "gathered");
  REQUIRE(driver.asked<Prepare>().size() == 1);
  CHECK(driver.asked<Prepare>().front().start == "gathered");
}

TEST_CASE("a merge asked for again after a crash takes what it took") {
  Shipped plan;
  Driver driver = plan.driver();
  const DoMerge before = driver.asked<DoMerge>().front();
  driver.send(Resumed{4, 0, ""});
  REQUIRE(driver.asked<DoMerge>().size() == 1);
  CHECK(driver.asked<DoMerge>().front().commits == before.commits);
  CHECK(driver.asked<DoMerge>().front().start == before.start);
}

TEST_CASE("the base gets the tip that was approved") {
  Shipped plan;
  plan.into_base({edge(plan.again, EdgeKind::kApproved)});
  Driver driver = plan.driver();
  driver.merged_to(3, "gathered");
  driver.approve(4);
  REQUIRE(driver.asked<DoMerge>().size() == 1);
  CHECK(driver.asked<DoMerge>().front().start == "base");
  CHECK(driver.asked<DoMerge>().front().commits == std::vector<std::string>{"gathered"});
}

TEST_CASE("a review of an earlier commit does not let a later one into the base") {
  Shipped plan;
  // The first review's `.done` lets the fix in though it approved; the merge trusts it alone.
  plan.builder[plan.fix].after = {edge(plan.look, EdgeKind::kDone)};
  plan.into_base({edge(plan.look, EdgeKind::kApproved), edge(plan.again, EdgeKind::kDone)});
  Driver driver(plan.builder.plan);
  driver.open();
  driver.succeed(0);
  driver.approve(1);
  driver.succeed(2);
  driver.merged_to(3, "gathered");
  driver.command(4, 1);
  CHECK(driver.asked<DoMerge>().empty());
  CHECK(driver.phase(5) == Phase::kFailed);
  CHECK(driver.state.tasks[5].outcome == Outcome::kRefused);
  CHECK(driver.state.tasks[5].detail ==
        "stale approval: `look` approved `build` before it came to gathered");
}

TEST_CASE("a human's approval is of what there was when they were asked") {
  for (const bool moves : {false, true}) {
    PlanBuilder builder;
    const auto build = builder.task("build", builder.agent("builder"));
    const auto sign = builder.human("sign", {accepted(build)});
    const auto fix = builder.task("fix", builder.agent("fixer"), {accepted(build)});
    const auto gather = builder.merge("gather", {fix}, {accepted(fix)});
    builder[gather].merge->into_step = build;
    builder[fix].otherwise = builder[gather].otherwise = Otherwise::kSkip;
    const auto merge = builder.merge(
        "merge", {build}, {edge(sign, EdgeKind::kApproved), edge(gather, EdgeKind::kDone)});
    builder[merge].merge->into_base = true;
    Driver driver(builder.plan);
    driver.open();
    driver.succeed(0);
    if (moves) {
      driver.succeed(2);
      driver.merged_to(3, "gathered");
    } else {
      driver.command(2, 1);
    }
    driver.yes(1);
    CHECK(driver.asked<DoMerge>().size() == (moves ? 0 : 1));
    if (moves)
      CHECK(driver.state.tasks[4].detail ==
            "stale approval: `sign` approved `build` before it came to gathered");
  }
}

TEST_CASE("approvals count through joints, and further back than the merge's own edges") {
  Shipped plan;
  const auto second = plan.builder.review("second", plan.reviewer, plan.build,
                                          {edge(plan.gather, EdgeKind::kMerged)});
  const auto both = plan.builder.joint("both", NodeKind::kAll, {plan.again, second});
  const auto check = plan.builder.run("check", {edge(both, EdgeKind::kApproved)});
  const auto merge = plan.into_base({accepted(check)});
  Driver driver = plan.driver();
  driver.merged_to(3, "gathered");
  driver.approve(4);
  driver.approve(5);
  driver.command(6);
  CHECK(driver.tasks_asked<DoMerge>() == Tasks{driver.node(merge).tasks.front().value});
}

TEST_CASE("nothing goes into the base that nobody approved") {
  PlanBuilder builder;
  const auto build = builder.task("build", builder.agent("builder"));
  const auto merge = builder.merge("merge", {build}, {accepted(build)});
  builder[merge].merge->into_base = true;
  Driver driver(builder.plan);
  driver.open();
  driver.succeed(0);
  CHECK(driver.phase(1) == Phase::kFailed);
  CHECK(driver.state.tasks[1].detail == "stale approval: nobody approved `build` at commit0");
}

namespace {

// build, and three who look at the same commit; what the merge waits for is said by the test.
struct Watched {
  PlanBuilder builder;
  fleet::plan::AgentIndex reviewer = builder.reviewer("strict");
  NodeIndex build = builder.task("build", builder.agent("builder"));
  NodeIndex look = builder.review("look", reviewer, build);
  NodeIndex audit = builder.review("audit", reviewer, build);

  Watched() { builder.escalates_to_human(); }
  NodeIndex into_base(PlanBuilder::Edges after) {
    after.push_back(accepted(build));
    const NodeIndex merge = builder.merge("merge", {build}, std::move(after));
    builder[merge].merge->into_base = true;
    return merge;
  }
  Driver driver() const {
    Driver driver(builder.plan);
    driver.open();
    driver.succeed(0);
    driver.prepared(1);
    driver.prepared(2);
    return driver;
  }
};

void say(Driver& driver, std::uint32_t task, Verdict verdict) {
  driver.verdict(task, verdict);
  driver.exited(task);
}

constexpr const char* kWithdrawn =
    "withdrawn approval: `look` approved `build` at commit0, and `audit` found f-1 after that: a "
    "hole";

}  // namespace

TEST_CASE("a major finding of another review after the approval withdraws it") {
  for (const Severity severity : {Severity::kMinor, Severity::kMajor, Severity::kCritical}) {
    Watched plan;
    const auto check = plan.builder.run("check", {edge(plan.look, EdgeKind::kApproved)});
    const bool direct = severity == Severity::kMajor;
    plan.into_base(direct
                       ? PlanBuilder::Edges{accepted(check), edge(plan.look, EdgeKind::kApproved)}
                       : PlanBuilder::Edges{accepted(check)});
    Driver driver = plan.driver();
    say(driver, 1, Verdict::kApproved);
    driver.finding(2, "f-1", severity, "a hole");
    driver.command(3);
    CHECK(driver.asked<DoMerge>().size() == (severity == Severity::kMinor ? 1 : 0));
    if (severity != Severity::kMinor)
      CHECK(driver.state.tasks[4].detail == kWithdrawn);
  }
}

TEST_CASE(
    "a finding that was there before the approval, or is of another commit, withdraws nothing") {
  Watched plan;
  const auto other = plan.builder.task("other", plan.builder.agent("other"));
  const auto elsewhere = plan.builder.review("elsewhere", plan.reviewer, other);
  plan.into_base({edge(plan.look, EdgeKind::kApproved), edge(elsewhere, EdgeKind::kDone)});
  Driver driver = plan.driver();
  driver.finding(2, "f-1", Severity::kCritical, "a hole");
  say(driver, 1, Verdict::kApproved);
  driver.succeed(3);
  driver.request_changes(4, {"f-2"});
  CHECK(driver.tasks_asked<DoMerge>() == Tasks{5});
}

TEST_CASE("a joint weighs what all of its steps found, until it is settled") {
  Watched plan;
  const auto third = plan.builder.review("third", plan.reviewer, plan.build);
  const auto votes = plan.builder.joint("votes", NodeKind::kAny, {plan.look, plan.audit});
  plan.into_base({edge(votes, EdgeKind::kApproved), edge(third, EdgeKind::kDone)});
  Driver driver = plan.driver();
  driver.prepared(3);
  SECTION("before") {
    driver.finding(2, "f-1", Severity::kCritical, "a hole");
    say(driver, 1, Verdict::kApproved);
    driver.exited(3, 1);
    CHECK(driver.asked<DoMerge>().empty());
    driver.yes(3);
    CHECK(driver.asked<DoMerge>().size() == 1);
  }
  SECTION("after") {
    say(driver, 1, Verdict::kApproved);
    driver.finding(2, "f-1", Severity::kCritical, "a hole");
    driver.verdict(3, Verdict::kApproved);
    driver.exited(3);
    CHECK(driver.asked<DoMerge>().empty());
    CHECK(driver.state.tasks[4].detail == kWithdrawn);
  }
}

TEST_CASE("a human overrules what was found before they approved, and not what comes after") {
  for (const bool before : {true, false}) {
    Watched plan;
    const auto sign = plan.builder.human("sign", {edge(plan.look, EdgeKind::kApproved)});
    const auto check = plan.builder.run("check", {edge(sign, EdgeKind::kApproved)});
    plan.into_base(
        {edge(sign, EdgeKind::kApproved), edge(plan.look, EdgeKind::kApproved), accepted(check)});
    Driver driver = plan.driver();
    say(driver, 1, Verdict::kApproved);
    if (before)
      driver.finding(2, "f-1", Severity::kMajor, "a hole");
    driver.yes(3);
    if (!before)
      driver.finding(2, "f-1", Severity::kMajor, "a hole");
    driver.command(4);
    CHECK(driver.asked<DoMerge>().size() == (before ? 1 : 0));
    if (!before)
      CHECK(driver.state.tasks[5].detail ==
            "withdrawn approval: `sign` approved `build` at commit0, and `audit` found f-1 after "
            "that: "
            "a hole");
  }
}
