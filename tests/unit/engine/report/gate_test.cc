#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/report/inbox.h"
#include "engine/report/json.h"
#include "engine/report/summary.h"
#include "tests/unit/engine/report/told.h"

using namespace fleet;
using namespace fleet::report;
using namespace fleet::test;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

InboxView at(std::int64_t now) {
  InboxView view;
  view.now = now;
  view.measure = [](const std::string&) {
    return ChangeSize{3, 40, 2};
  };
  return view;
}

}  // namespace

TEST_CASE("a gate's ID is the end of the run's and the task's number") {
  CHECK(gate_id("20261121-163355-3d8a", {12}) == "3d8a.12");
  CHECK(gate_id("r1", {0}) == "r1.0");
}

TEST_CASE("the inbox shows all that a decision needs") {
  const Told told = told_up_to_gate();
  CHECK(inbox_text(told.plan, told.state, at(kMinute + kHour)) ==
        "3d8a.3  signoff of tests.main: decision\n"
        "  why        `signoff` is to be decided\n"
        "  waits for  ann (1h, closes in 22h 59min)\n"
        "  change     3 files, +40 -2 by build at cccccccccccc\n"
        "             git diff main...task/x\n"
        "  evidence   `ctest` passes\n"
        "  verdicts   review changes requested\n"
        "             round 1: review approved\n"
        "  findings   1 open, 1 closed\n"
        "             note f-2 at src/a.c:12: a\\x1b[2Jname (review)\n"
        "  so far     1min 30s of sessions\n"
        "  answer     fleetc approve 3d8a.3              it is good: go on\n"
        "             fleetc reject 3d8a.3 --why \"…\"     it is not: changes are requested\n");
}

TEST_CASE("the inbox of programs has the same facts") {
  Told told = told_up_to_gate();
  told.state.tasks[0].used.money = {3'200'000};
  const auto gates =
      nlohmann::json::parse("[" + inbox_json(told.plan, told.state, at(kMinute + kHour)) + "]");
  REQUIRE(gates.size() == 1);
  const auto& gate = gates[0];
  CHECK(gate["id"] == "3d8a.3");
  CHECK(gate["step"] == "signoff");
  CHECK(gate["asks"] == "decision");
  CHECK(gate["late"] == false);
  CHECK(gate["closes_at"] == 24 * kHour);
  CHECK(gate["change"]["commit"] == std::string(40, 'c'));
  CHECK(gate["change"]["insertions"] == 40);
  CHECK(gate["verdicts"].size() == 2);
  CHECK(gate["findings"][0]["open"] == true);
  CHECK(gate["findings"][1]["open"] == false);
  CHECK(gate["money_micros"] == 3'200'000);
}

TEST_CASE("nothing is shown where nothing waits") {
  Told told;
  told.built();
  CHECK(inbox_text(told.plan, told.state, at(0)).empty());
  CHECK(inbox_json(told.plan, told.state, at(0)).empty());
}

TEST_CASE("a branch whose name a shell would read is quoted in what people paste") {
  Told told = told_up_to_gate();
  told.state.tasks[0].branch = "task/$(x)";
  CHECK(has(inbox_text(told.plan, told.state, at(0)), "git diff main...'task/$(x)'\n"));
}

TEST_CASE("a gate is late after what was promised for it, not after its own time") {
  Told told;
  told.plan.escalation = plan::Escalation{{"ann"}, plan::Millis(kHour)};
  const run::Task decision = told.asked(0, 24 * kHour);
  CHECK_FALSE(is_late(told.plan, decision, 8 * kHour));
  CHECK(is_late(told.plan, decision, 8 * kHour + 1));
  run::Task escalation = decision;
  escalation.gate->asks = run::Asks::kEscalation;
  CHECK_FALSE(is_late(told.plan, escalation, kHour));
  CHECK(is_late(told.plan, escalation, kHour + 1));
  CHECK(has(gate_lines(told.plan, told.state, {9 * kHour}), "late"));
}

TEST_CASE("a human who could not be told is said so") {
  const Told told = told_up_to_gate();
  InboxView view = at(0);
  view.notify_trouble = [](run::Attempt gate) {
    CHECK(gate == run::Attempt{{3}, 1});
    return std::string("exit 1 (x.log)");
  };
  CHECK(has(inbox_text(told.plan, told.state, view), "they were not reached: exit 1 (x.log)"));
}

TEST_CASE("what is decided about is what will be merged, else the last commit before") {
  Told told = told_up_to_gate();
  CHECK(subject_of(told.plan, told.state, told.signoff)->node == told.build);
  told.plan.nodes[told.merge.value].merge.reset();
  CHECK(subject_of(told.plan, told.state, told.signoff)->node == told.build);
  told.state.nodes[told.build.value].tip.clear();
  told.state.tasks[0].commit.clear();
  CHECK_FALSE(subject_of(told.plan, told.state, told.signoff));
}

TEST_CASE("what a human is told names the gate, the reason and the commands") {
  const Told told;
  CHECK(gate_message(told.plan, "20261121-163355-3d8a", {3}, told.signoff, "ann", "look") ==
        "signoff of tests.main (run 20261121-163355-3d8a) waits for ann: look\n"
        "  fleetc inbox\n  fleetc approve 3d8a.3\n  fleetc reject 3d8a.3 --why \"…\"\n");
}

TEST_CASE(
    "the morning's screen has what waits first, then what failed, what changed and the cost") {
  Told told = told_up_to_gate();
  run::Task& failed = told.task(told.merge, run::Phase::kFailed);
  failed.reason = "conflict";
  told.state.nodes[told.merge.value].failed = 1;
  told.state.tasks[0].used.money = {3'200'000};
  const std::string text = status_text(told.plan, told.state, {kHour, true});
  const auto place = [&](const std::string& part) {
    INFO(text);
    REQUIRE(has(text, part));
    return text.find(part);
  };
  CHECK(place("waits for a human") < place("waits for a decision"));
  CHECK(place("waits for a decision") < place("fleetc approve 3d8a.3"));
  CHECK(place("fleetc approve 3d8a.3") < place("\n  failed\n    merge"));
  CHECK(place("conflict") < place("fleetc log 20261121-163355-3d8a"));
  CHECK(place("\n  failed\n") < place("\n  changed\n    1 pull request, +40 -2"));
  CHECK(place("\n  changed\n") < place("\n  steps\n"));
  CHECK(place("\n  steps\n") < place("cost: $3.20 and 1min 30s of sessions"));
}

TEST_CASE("a run that stopped at a gate says that it waits, and how to answer") {
  Told told = told_up_to_gate();
  told.state.closed = true;
  told.state.outcome = run::RunOutcome::kStopped;
  CHECK(state_of(told.plan, told.state, {}) == std::string("waits for a human"));
  const std::string text = summary_text(told.plan, told.state, {"", false});
  CHECK(has(text, "fleetc approve 3d8a.3"));
  CHECK(has(text, "go on with it:  fleetc resume 20261121-163355-3d8a"));
}

TEST_CASE("the inbox has what others found on the very commit, and who still reads it") {
  Told told;
  PlanBuilder make;
  make.plan = told.plan;
  const auto audit = make.task("audit", {1}, {accepted(told.build)});
  const auto slow = make.task("slow", {1}, {accepted(told.build)});
  told.plan = make.plan;
  told.state.nodes.resize(told.plan.nodes.size());
  told.built();
  told.reviewed(told.second, run::Verdict::kApproved, {});
  told.asked(kMinute);
  told.reviewed(audit, run::Verdict::kChangesRequested,
                {finding("f-9", run::Severity::kCritical, "input is run")});
  SECTION("a verdict") {
    const std::string text = inbox_text(told.plan, told.state, at(kMinute));
    CHECK(has(text, "review changes requested"));
    CHECK(has(text, "critical f-9 at src/a.c:12: input is run (review)"));
    CHECK_FALSE(has(text, "still reads"));
  }
  SECTION("a finding of a review that is not over") {
    told.state.tasks.back().verdict.reset();
    told.state.tasks.back().phase = run::Phase::kRunning;
    const std::string text = inbox_text(told.plan, told.state, at(kMinute));
    CHECK(has(text, "critical f-9"));
    CHECK(has(text, "still reads audit"));
    CHECK_FALSE(has(text, "changes requested\n"));
  }
  SECTION("not what is about another commit") {
    told.state.tasks.back().start = std::string(40, 'e');
    run::Task& reading = told.task(slow, run::Phase::kRunning);
    reading.start = std::string(40, 'e');
    const std::string text = inbox_text(told.plan, told.state, at(kMinute));
    CHECK_FALSE(has(text, "f-9"));
    CHECK_FALSE(has(text, "still reads"));
  }
}

namespace {

Around with_answer(std::int64_t now, std::int64_t given) {
  Around around{now};
  around.left = [given](run::Attempt gate) {
    return std::optional(
        run::GateAnswered{gate, run::Decision::kApprove, "ann", "ann@box", "fine", given});
  };
  return around;
}

}  // namespace

TEST_CASE("a gate that was answered while no engine runs waits for the run and not for a human") {
  const Told told = told_up_to_gate();
  InboxView view{with_answer(kHour, kHour), {}, {}};
  CHECK(inbox_text(told.plan, told.state, view).empty());
  CHECK(inbox_json(told.plan, told.state, view).empty());
  CHECK(decided_lines(told.plan, told.state, view, "") ==
        "3d8a.3  signoff: approved by ann: fine; takes effect on `fleetc resume "
        "20261121-163355-3d8a`\n");
  const std::string text = status_text(told.plan, told.state, view);
  CHECK(has(text, "waits for the run to go on\n    3d8a.3  signoff: approved by ann"));
  CHECK_FALSE(has(text, "waits for a decision"));
  const auto json = nlohmann::json::parse(state_json(told.plan, told.state, view));
  CHECK(json["waits_for_human"] == 0);
  CHECK(json["tasks"][3]["gate"]["open"] == false);
  CHECK(json["tasks"][3]["gate"]["answered"]["late"] == false);
  view.live = true;
  CHECK(has(decided_lines(told.plan, told.state, view, ""), "the engine has not taken it yet"));
}

TEST_CASE("a gate whose time is over asks nobody, whatever was left for it after that") {
  const Told told = told_up_to_gate();
  const std::int64_t over = 24 * kHour;
  CHECK(undecided(told.state, {over}).size() == 1);
  for (const Around& around : {Around{over + kHour}, with_answer(over + kHour, over + 1)}) {
    CHECK(undecided(told.state, around).empty());
    CHECK(has(decided_lines(told.plan, told.state, around, ""),
              "nobody decided in time, which was over 1h ago; takes effect on"));
  }
  CHECK(has(decided_lines(told.plan, told.state, with_answer(over + kHour, over), ""), "approved"));
}

TEST_CASE("a run that was given up waits for nobody") {
  Told told = told_up_to_gate();
  told.state.closed = true;
  told.state.outcome = run::RunOutcome::kStopped;
  Around around{kHour};
  around.given_up = true;
  const std::string text = status_text(told.plan, told.state, around);
  CHECK(has(text, "given up for another one"));
  CHECK_FALSE(has(text, "waits"));
  CHECK_FALSE(has(text, "resume"));
  CHECK(has(state_json(told.plan, told.state, around), "\"state\": \"abandoned\""));
}

TEST_CASE(
    "a merge that is stuck may be tried again, and its other answers say that nothing merges") {
  Told told;
  told.built();
  run::Task& merge = told.task(told.merge, run::Phase::kParked);
  merge.gate = run::Gate{run::Asks::kEscalation, "ann", "conflict", 1, 0, 0, 0};
  const std::string text = inbox_text(told.plan, told.state, at(0));
  CHECK(has(text, "change     3 files, +40 -2 by build"));
  CHECK(has(text,
            "fleetc approve 3d8a.1              go on as if it had merged: it merges nothing\n"));
  CHECK(has(text, "fleetc retry 3d8a.1                what was in its way is gone: merge again\n"));
  CHECK(has(gate_lines(told.plan, told.state, {}), "fleetc retry 3d8a.1, fleetc approve 3d8a.1"));
  CHECK(has(gate_message(told.plan, "20261121-163355-3d8a", {1}, told.merge, "ann", "conflict"),
            "  fleetc retry 3d8a.1\n"));
}
