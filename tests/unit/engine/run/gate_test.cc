// Gates: what a human is asked, what each answer leads to, and what happens when none comes.
#include <catch2/catch.hpp>

#include "tests/unit/engine/run/driver.h"

using namespace fleet::run;
using namespace fleet::test;
using fleet::plan::EdgeKind;
using fleet::plan::NodeKind;
using fleet::plan::Otherwise;

namespace {

// A command, then a decision.
struct Gated {
  PlanBuilder builder;
  NodeIndex a = builder.run("a");
  NodeIndex sign = builder.human("sign", {accepted(a)}, 60'000);

  Driver driver() const {
    Driver driver(builder.plan);
    driver.open();
    driver.command(0);
    return driver;
  }
};

// A task that fails, in a fleet whose tasks escalate.
struct Stuck {
  PlanBuilder builder;
  NodeIndex build = builder.task("build", builder.agent("builder"));
  NodeIndex next = builder.run("next", {accepted(build)});

  Stuck() { builder.escalates_to_human(); }
  Driver driver() const {
    Driver driver(builder.plan);
    driver.open();
    return driver;
  }
};

}  // namespace

TEST_CASE("a gate is a parked task, asked about once, that closes by itself in time") {
  Gated plan;
  Driver driver = plan.driver();
  CHECK(driver.phase(1) == Phase::kParked);
  CHECK(driver.tasks_asked<OpenGate>() == Tasks{1});
  REQUIRE(driver.asked<StartTimer>().size() == 1);
  CHECK(driver.asked<StartTimer>().front().at == driver.now + 60'000);
  REQUIRE(driver.state.tasks[1].gate);
  CHECK(driver.state.tasks[1].gate->human == "ann");
  CHECK(driver.state.tasks[1].gate->asks == Asks::kDecision);
  CHECK(driver.state.tasks[1].gate->opened_at == driver.now);
  CHECK(open_gates(driver.state) == std::vector<TaskIndex>{{1}});
  CHECK(waits_for_human(driver.state));
  CHECK(driver.asked<CloseRun>().empty());
}

TEST_CASE("a human approves, and the run goes on") {
  Gated plan;
  plan.builder.run("go", {edge(plan.sign, EdgeKind::kApproved)});
  Driver driver = plan.driver();
  driver.yes(1);
  CHECK(driver.phase(1) == Phase::kDone);
  CHECK(driver.fires(plan.sign, EdgeKind::kApproved));
  CHECK_FALSE(driver.fires(plan.sign, EdgeKind::kAccepted));
  CHECK(driver.tasks_asked<CloseGate>() == Tasks{1});
  CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
  CHECK_FALSE(waits_for_human(driver.state));
}

TEST_CASE("a human refuses: changes are requested, nothing failed, and why is remembered") {
  Gated plan;
  plan.builder.run("go", {edge(plan.sign, EdgeKind::kApproved)});
  plan.builder.run("sorry", {edge(plan.sign, EdgeKind::kChangesRequested)});
  Driver driver = plan.driver();
  driver.no(1, "too big");
  CHECK(driver.state.tasks[1].outcome == Outcome::kRejected);
  CHECK(driver.state.tasks[1].reason == "refused by ann: too big");
  CHECK(driver.state.tasks[2].reason == "`sign.approved` cannot fire: it was refused");
  CHECK(driver.tasks_asked<Prepare>() == Tasks{3});
  CHECK_FALSE(driver.fires(plan.sign, EdgeKind::kFailed));
  driver.command(3);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
}

TEST_CASE("the first of two answers stands") {
  Gated plan;
  plan.builder.run("go", {edge(plan.sign, EdgeKind::kApproved)});
  Driver driver = plan.driver();
  driver.no(1);
  const State before = driver.state;
  driver.yes(1);
  CHECK(driver.effects.commands.empty());
  CHECK(driver.state.tasks == before.tasks);
}

TEST_CASE("a gate that nobody answers goes on with its `else`") {
  for (const Otherwise otherwise : {Otherwise::kFail, Otherwise::kSkip, Otherwise::kEscalate}) {
    Gated plan;
    plan.builder[plan.sign].otherwise = otherwise;
    Driver driver = plan.driver();
    driver.timer(1);
    CHECK(driver.tasks_asked<CloseGate>() == Tasks{1});
    CHECK(driver.state.tasks[1].outcome == Outcome::kUnanswered);
    CHECK(driver.state.tasks[1].reason == "ann did not decide within 1min");
    // Nobody is on the way of an escalation that there is not.
    const bool skips = otherwise == Otherwise::kSkip;
    CHECK(driver.phase(1) == (skips ? Phase::kSkipped : Phase::kFailed));
    CHECK(driver.fires(plan.sign, EdgeKind::kFailed) != skips);
    driver.yes(1);
    CHECK(driver.effects.commands.empty());
  }
}

TEST_CASE(
    "an unanswered gate that escalates asks again, without an end, and takes no late answer") {
  Gated plan;
  plan.builder.escalates_to_human();
  plan.builder.run("go", {edge(plan.sign, EdgeKind::kApproved)});
  Driver driver = plan.driver();
  const Attempt first = driver.attempt(1);
  driver.timer(1);
  CHECK(driver.phase(1) == Phase::kParked);
  CHECK(driver.tasks_asked<OpenGate>() == Tasks{1});
  CHECK(driver.asked<StartTimer>().empty());
  CHECK(driver.state.tasks[1].gate->asks == Asks::kEscalation);
  driver.send(GateAnswered{first, Decision::kApprove, "ann", "", ""});
  driver.send(TimerFired{first});
  driver.timer(1);
  CHECK(driver.phase(1) == Phase::kParked);
  SECTION("continue") {
    driver.yes(1);
    CHECK(driver.fires(plan.sign, EdgeKind::kApproved));
    CHECK(driver.node(plan.sign).let_pass == "ann");
    CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
  }
  SECTION("stop") {
    driver.no(1);
    CHECK(driver.phase(1) == Phase::kFailed);
    CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kFailed);
  }
}

TEST_CASE("a stop leaves gates open and waits for nobody; the next engine asks again") {
  Gated plan;
  Driver driver = plan.driver();
  const std::int64_t closes_at = driver.now + 60'000;
  driver.now += 5'000;
  driver.send(StopAsked{StopLevel::kDrain, ""});
  REQUIRE(driver.asked<CloseRun>().size() == 1);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kStopped);
  CHECK(driver.asked<CloseGate>().empty());
  driver.yes(1);  // it was about to be closed: the decision is taken on resume
  driver.send(RunClosed{RunOutcome::kStopped});
  CHECK(driver.phase(1) == Phase::kParked);
  CHECK_FALSE(waits_for_human(driver.state));
  driver.now += 5'000;
  driver.send(Resumed{4, 0, ""});
  CHECK(driver.tasks_asked<OpenGate>() == Tasks{1});
  REQUIRE(driver.asked<StartTimer>().size() == 1);
  CHECK(driver.asked<StartTimer>().front().at == closes_at);
  CHECK(waits_for_human(driver.state));
  driver.yes(1);
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kDone);
}

TEST_CASE("who works, or will by itself, waits for nobody") {
  Gated plan;
  plan.builder.run("beside");
  Driver driver = plan.driver();
  CHECK_FALSE(waits_for_human(driver.state));
  driver.prepared(2, "disk");
  CHECK(driver.phase(2) == Phase::kReady);
  CHECK_FALSE(waits_for_human(driver.state));
  driver.timer(2);
  driver.command(2);
  CHECK(waits_for_human(driver.state));
}

TEST_CASE("without a way to a human escalating is failing") {
  Stuck plan;
  plan.builder.plan.escalation.reset();
  Driver driver = plan.driver();
  driver.command(0, 1);
  CHECK(driver.phase(0) == Phase::kFailed);
  CHECK(driver.asked<OpenGate>().empty());
}

TEST_CASE("what spent its attempts asks the human on the way, past agents, and holds nothing") {
  Stuck plan;
  plan.builder[plan.build].retries = 1;
  Driver driver = plan.driver();
  driver.command(0, 1);
  CHECK(driver.phase(0) == Phase::kPreparing);
  driver.command(0, 1);
  CHECK(driver.phase(0) == Phase::kParked);
  CHECK(driver.state.tasks[0].gate->human == "ann");
  CHECK(driver.state.tasks[0].gate->why == "exit 1 (attempt 2)");
  CHECK(driver.state.tasks[0].reason == "waits for ann: exit 1 (attempt 2)");
  CHECK(driver.asked<EndSession>().size() == 1);
  CHECK(driver.asked<StartTimer>().empty());
  CHECK(driver.state.busy == 0);
  CHECK(waits_for_human(driver.state));
}

TEST_CASE("a human lets a failure pass: its success edges fire as their approval") {
  Stuck plan;
  Driver driver = plan.driver();
  driver.command(0, 1);
  driver.yes(0);
  CHECK(driver.phase(0) == Phase::kDone);
  CHECK(driver.fires(plan.build, EdgeKind::kAccepted));
  CHECK_FALSE(driver.fires(plan.build, EdgeKind::kFailed));
  CHECK(driver.node(plan.build).let_pass == "ann");
  CHECK(driver.state.tasks[0].outcome == Outcome::kExitCode);
  CHECK(driver.tasks_asked<Prepare>() == Tasks{1});
}

TEST_CASE("work that failed its evidence is published when a human lets it pass, and only then") {
  Stuck plan;
  Driver driver = plan.driver();
  driver.prepared(0);
  driver.exited(0);
  driver.captured(0);
  driver.verified(0, false);
  CHECK(driver.phase(0) == Phase::kParked);
  CHECK(driver.asked<Publish>().empty());
  driver.yes(0);
  CHECK(driver.tasks_asked<Publish>() == Tasks{0});
  driver.published(0);
  CHECK(driver.phase(0) == Phase::kDone);
  CHECK(driver.state.tasks[0].reason == "let pass by ann");
  CHECK(driver.node(plan.build).tip == "commit0");
}

TEST_CASE("a branch that cannot be moved after a human let it pass asks again") {
  Stuck plan;
  Driver driver = plan.driver();
  driver.prepared(0);
  driver.exited(0);
  driver.captured(0);
  driver.verified(0, false);
  driver.yes(0);
  const Attempt before = driver.attempt(0);
  driver.published(0, "somebody moved it");
  CHECK(driver.phase(0) == Phase::kParked);
  driver.send(GateAnswered{before, Decision::kApprove, "ann", "", ""});
  CHECK(driver.phase(0) == Phase::kParked);
  driver.no(0);
  CHECK(driver.phase(0) == Phase::kFailed);
}

TEST_CASE("a human stops a step: it fails with both reasons, and nobody is asked about it again") {
  Stuck plan;
  const auto all = plan.builder.joint("all", NodeKind::kAll, {plan.build, plan.next});
  Driver driver = plan.driver();
  driver.command(0, 1);
  driver.no(0, "hopeless");
  CHECK(driver.phase(0) == Phase::kFailed);
  CHECK(driver.state.tasks[0].reason == "stopped by ann: hopeless (exit 1)");
  CHECK(driver.node(all).phase == NodePhase::kSettled);
  CHECK(driver.fires(all, EdgeKind::kFailed));
  CHECK(driver.asked<OpenGate>().empty());
  CHECK(driver.asked<CloseRun>().front().outcome == RunOutcome::kFailed);
}

TEST_CASE("a joint that escalates gets a task to be asked about, and passes when let") {
  PlanBuilder builder;
  builder.escalates_to_human();
  const auto a = builder.run("a");
  const auto b = builder.run("b");
  builder[a].otherwise = builder[b].otherwise = Otherwise::kSkip;
  const auto both = builder.joint("both", NodeKind::kAll, {a, b});
  builder.run("next", {accepted(both)});
  Driver driver(builder.plan);
  driver.open();
  driver.command(0);
  driver.command(1, 4);
  REQUIRE(driver.node(both).tasks.size() == 1);
  CHECK(driver.node(both).phase == NodePhase::kOpen);
  const std::uint32_t asked = driver.node(both).tasks.front().value;
  CHECK(driver.tasks_asked<OpenGate>() == Tasks{asked});
  CHECK(driver.state.tasks[asked].gate->why == "`b` was skipped: exit 4");
  SECTION("continue") {
    driver.yes(asked);
    CHECK(driver.fires(both, EdgeKind::kAccepted));
    CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
  }
  SECTION("stop") {
    driver.no(asked);
    CHECK(driver.fires(both, EdgeKind::kFailed));
    CHECK(driver.phase(2) == Phase::kSkipped);
  }
}

TEST_CASE("each item of a fan-out is asked about by itself, while the others go on") {
  PlanBuilder builder;
  builder.escalates_to_human();
  const auto fixes = builder.fanout("fixes", {builder.agent("fixer")}, {"a", "b"});
  Driver driver(builder.plan);
  driver.open();
  driver.spread(fixes, 1);
  driver.command(0, 1);
  CHECK(driver.phase(0) == Phase::kParked);
  CHECK(driver.phase(1) == Phase::kPreparing);
  driver.succeed(1);
  CHECK(driver.node(fixes).phase == NodePhase::kOpen);
  driver.yes(0);
  CHECK(driver.fires(fixes, EdgeKind::kAccepted));
}

TEST_CASE("an agent that asks for a human is committed first, then waits, and is not tried again") {
  Stuck plan;
  plan.builder[plan.build].retries = 3;
  Driver driver = plan.driver();
  driver.prepared(0);
  driver.send(Escalated{driver.attempt(0), "which API?"});
  driver.exited(0);
  CHECK(driver.tasks_asked<Capture>() == Tasks{0});
  driver.captured(0);
  CHECK(driver.phase(0) == Phase::kParked);
  CHECK(driver.state.tasks[0].gate->why == "asks for a human: which API?");
  SECTION("continue with what it has") {
    driver.yes(0);
    driver.published(0);
    CHECK(driver.fires(plan.build, EdgeKind::kAccepted));
  }
  SECTION("stop") {
    driver.no(0);
    CHECK(driver.phase(0) == Phase::kFailed);
    CHECK(driver.state.tasks[0].outcome == Outcome::kRejected);
  }
}

TEST_CASE("a review that asks for a human keeps its verdict when it is let pass") {
  PlanBuilder builder;
  builder.escalates_to_human();
  const auto build = builder.task("build", builder.agent("builder"));
  const auto look = builder.review("look", builder.reviewer("strict"), build);
  Driver driver(builder.plan);
  driver.open();
  driver.succeed(0);
  driver.prepared(1);
  driver.finding(1, "f-1");
  driver.verdict(1, Verdict::kChangesRequested);
  driver.send(Escalated{driver.attempt(1), "is this meant?"});
  driver.exited(1);
  CHECK(driver.phase(1) == Phase::kParked);
  driver.yes(1);
  CHECK(driver.fires(look, EdgeKind::kChangesRequested));
}

TEST_CASE("who asks for a human where there is no way to one has failed") {
  Stuck plan;
  plan.builder.plan.escalation.reset();
  Driver driver = plan.driver();
  driver.prepared(0);
  driver.send(Escalated{driver.attempt(0), "which API?"});
  driver.exited(0);
  CHECK(driver.phase(0) == Phase::kFailed);
  CHECK(driver.state.tasks[0].outcome == Outcome::kSaidFailed);
}

TEST_CASE(
    "a credential that is not accepted waits for its owner, costs nothing, and is tried again") {
  Stuck plan;
  plan.builder.plan.credentials.push_back({});
  plan.builder.plan.credentials.back().name = "llm";
  plan.builder.plan.credentials.back().owner = "ann";
  plan.builder.plan.agents.front().grants = {"llm"};
  plan.builder.plan.escalation.reset();
  Driver driver = plan.driver();
  driver.prepared(0);
  driver.exited(0, 1, ExitHow::kAuth);
  CHECK(driver.phase(0) == Phase::kParked);
  CHECK(driver.state.tasks[0].gate->asks == Asks::kCredential);
  CHECK(driver.state.tasks[0].reason ==
        "waits for ann: credential `llm` of ann: its credential was not accepted");
  CHECK(driver.state.tasks[0].failures == 0);
  SECTION("renewed") {
    driver.yes(0);
    CHECK(driver.tasks_asked<Prepare>() == Tasks{0});
    CHECK(driver.state.tasks[0].epoch == 2);
    driver.succeed(0);
    CHECK(driver.fires(plan.build, EdgeKind::kAccepted));
    CHECK(driver.node(plan.build).let_pass.empty());
  }
  SECTION("not renewed") {
    driver.no(0);
    CHECK(driver.phase(0) == Phase::kFailed);
    CHECK(driver.state.tasks[0].outcome == Outcome::kAuth);
  }
}

TEST_CASE("a session whose credential does not work is not begun; the owner of that one is asked") {
  Stuck plan;
  for (const char* name : {"llm", "gh"}) {
    auto& credential = plan.builder.plan.credentials.emplace_back();
    credential.name = name;
    credential.owner = std::string(name) + "-owner";
  }
  plan.builder.plan.credentials.back().scopes = {"contents.write"};
  plan.builder.plan.agents.front().grants = {"llm", "gh"};
  plan.builder.plan.escalation.reset();
  Driver driver = plan.driver();
  Prepared lacking;
  lacking.attempt = driver.attempt(0);
  lacking.error = "its last day was 2026-01-31";
  lacking.credential = "gh";
  driver.send(lacking);
  CHECK(driver.phase(0) == Phase::kParked);
  CHECK(driver.state.tasks[0].gate->asks == Asks::kCredential);
  CHECK(driver.state.tasks[0].gate->human == "gh-owner");
  CHECK(driver.state.tasks[0].reason ==
        "waits for gh-owner: credential `gh` (scopes contents.write) of gh-owner: its last day was "
        "2026-01-31");
  CHECK(driver.state.tasks[0].failures == 0);
  CHECK(driver.state.tasks[0].losses == 0);
  SECTION("renewed") {
    driver.yes(0);
    CHECK(driver.tasks_asked<Prepare>() == Tasks{0});
    driver.succeed(0);
    CHECK(driver.fires(plan.build, EdgeKind::kAccepted));
  }
  SECTION("not renewed") {
    driver.no(0);
    CHECK(driver.phase(0) == Phase::kFailed);
    CHECK(driver.state.tasks[0].outcome == Outcome::kAuth);
  }
}

TEST_CASE("events that come twice change nothing but their count") {
  Gated plan;
  plan.builder.escalates_to_human();
  plan.builder.run("go", {edge(plan.sign, EdgeKind::kApproved)});
  Driver driver = plan.driver();
  driver.timer(1);
  driver.yes(1);
  driver.command(2);
  for (const Event& event : std::vector<Event>(driver.events)) {
    const State before = driver.state;
    driver.send(event.body);
    CHECK(driver.effects.commands.empty());
    CHECK(driver.state.tasks == before.tasks);
    CHECK(driver.state.nodes == before.nodes);
  }
  CHECK(replay(driver.plan, driver.events).tasks == driver.state.tasks);
}

TEST_CASE("an answer is judged by when it was given, not by when an engine comes to take it") {
  Gated plan;
  plan.builder.run("go", {edge(plan.sign, EdgeKind::kApproved)});
  Driver driver = plan.driver();
  const std::int64_t closes_at = driver.state.tasks[1].gate->closes_at;
  driver.now = closes_at + 3'600'000;
  SECTION("in time, and taken long after") {
    driver.send(GateAnswered{driver.attempt(1), Decision::kApprove, "ann", "", "", closes_at});
    CHECK(driver.fires(plan.sign, EdgeKind::kApproved));
    driver.timer(1);
    CHECK(driver.phase(1) == Phase::kDone);
  }
  SECTION("late") {
    driver.send(
        GateAnswered{driver.attempt(1), Decision::kApprove, "bob", "", "", closes_at + 5'007});
    CHECK(driver.phase(1) == Phase::kFailed);
    CHECK(driver.state.tasks[1].outcome == Outcome::kUnanswered);
    CHECK(driver.state.tasks[1].reason ==
          "ann did not decide within 1min; what bob decided 5s after that does not count");
    CHECK_FALSE(driver.state.tasks[1].decision);
    CHECK(driver.tasks_asked<CloseGate>() == Tasks{1});
    CHECK_FALSE(driver.fires(plan.sign, EdgeKind::kApproved));
    driver.timer(1);
    CHECK(driver.effects.commands.empty());
  }
}

namespace {

// A merge that nobody has to approve, in a fleet whose tasks escalate.
struct StuckMerge {
  PlanBuilder builder;
  NodeIndex build = builder.task("build", builder.agent("builder"));
  NodeIndex gather = builder.merge("gather", {build}, {accepted(build)});
  NodeIndex next = builder.run("next", {edge(gather, EdgeKind::kMerged)});

  StuckMerge() { builder.escalates_to_human(); }
  Driver driver() const {
    Driver driver(builder.plan);
    driver.open();
    driver.succeed(0);
    driver.merged(1, MergeHow::kConflict);
    return driver;
  }
};

}  // namespace

TEST_CASE("a merge that is stuck is tried again when its human says so, as often as they do") {
  StuckMerge plan;
  Driver driver = plan.driver();
  for (int again = 0; again < 3; ++again) {
    REQUIRE(driver.phase(1) == Phase::kParked);
    const Attempt before = driver.attempt(1);
    driver.answer(1, Decision::kRetry, "base mended");
    CHECK(driver.tasks_asked<CloseGate>() == Tasks{1});
    CHECK(driver.tasks_asked<DoMerge>() == Tasks{1});
    CHECK(driver.asked<DoMerge>().front().commits == std::vector<std::string>{"commit0"});
    CHECK(driver.attempt(1).epoch == before.epoch + 1);
    driver.send(GateAnswered{before, Decision::kReject, "ann", "", ""});
    CHECK(driver.phase(1) == Phase::kRunning);
    if (again < 2)
      driver.merged(1, MergeHow::kRefused);
  }
  driver.merged(1);
  CHECK(driver.phase(1) == Phase::kDone);
  CHECK(driver.node(plan.gather).let_pass.empty());
  CHECK(driver.fires(plan.gather, EdgeKind::kMerged));
  CHECK(driver.tasks_asked<Prepare>() == Tasks{2});
}

TEST_CASE("a merge that is tried again may be lost as often as at first") {
  StuckMerge plan;
  Driver driver = plan.driver();
  driver.answer(1, Decision::kRetry);
  driver.merged(1, MergeHow::kError);
  CHECK(driver.phase(1) == Phase::kReady);
  CHECK(driver.state.tasks[1].losses == 1);
}

TEST_CASE("only a merge that is stuck can be tried again") {
  Stuck plan;
  Driver driver = plan.driver();
  driver.command(0, 1);
  const State before = driver.state;
  driver.answer(0, Decision::kRetry);
  CHECK(driver.effects.commands.empty());
  CHECK(driver.state.tasks == before.tasks);
  CHECK(may_retry(StuckMerge().builder.plan, StuckMerge().gather));
  CHECK_FALSE(may_retry(plan.builder.plan, plan.build));
}
