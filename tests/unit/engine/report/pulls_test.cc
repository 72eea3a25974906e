#include "engine/report/pulls.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/engine/report/told.h"

using namespace fleet;
using namespace fleet::report;
using namespace fleet::test;

namespace {

const std::string kTip(40, 'd');

run::Event captured(const run::Task& task, const std::string& commit, std::int64_t at = 0) {
  run::Captured event;
  event.attempt = {task.index, task.epoch};
  event.commit = commit;
  return {at, event};
}

// Built, asked for changes, gathered into, approved by a human, merged.
struct Whole : Told {
  Pulls pulls;
  Whole() {
    const run::Task made = built();
    pulls.saw(plan, state, captured(made, made.commit, kMinute), {});
    reviewed(first, run::Verdict::kChangesRequested,
             {finding("f-1", run::Severity::kMinor, "no check of the length")});
    run::Task& answered = asked(0);
    --state.parked;
    answered.phase = run::Phase::kDone;
    answered.decision = run::GateAnswered{{answered.index, 1},
                                          run::Decision::kApprove,
                                          "ann",
                                          "ann@box, pid 7, no terminal; key: no",
                                          "fine"};
    task(merge).branch = "main";
    state.nodes[merge.value].merged = true;
  }
};

}  // namespace

TEST_CASE("a task's first commit makes it a pull request, whose number stays") {
  Told told;
  run::Task made = told.built();
  Pulls pulls;
  pulls.saw(told.plan, told.state, captured(made, "c1"), {});
  made.epoch = 2;
  pulls.saw(told.plan, told.state, captured(made, "c2"), {});
  pulls.saw(told.plan, told.state, captured(made, "c2"), {});  // found again after a crash
  REQUIRE(pulls.all().size() == 1);
  CHECK(pulls.find(1)->commits.size() == 2);
  CHECK(pulls.find(1)->commits[1].what == "attempt 2");
  CHECK(pulls.find(0) == nullptr);
  CHECK(pulls.find(2) == nullptr);
}

TEST_CASE("what writes no branch, or nothing, is no pull request") {
  Told told;
  const run::Task made = told.built();
  const run::Task review = told.reviewed(told.first, run::Verdict::kApproved, {});
  Pulls pulls;
  pulls.saw(told.plan, told.state, captured(review, "c1"), {});
  run::Event empty = captured(made, "c1");
  std::get<run::Captured>(empty.body).how = run::CaptureHow::kEmpty;
  pulls.saw(told.plan, told.state, empty, {});
  CHECK(pulls.all().empty());
}

TEST_CASE("a merge into a step's branch adds to its pull request and moves it") {
  Told told;
  const run::Task made = told.built();
  Pulls pulls;
  pulls.saw(told.plan, told.state, captured(made, made.commit), {});
  told.plan.nodes[told.merge.value].merge->into_step = told.build;
  const run::Task gather = told.task(told.merge);
  run::Merged merged;
  merged.attempt = {gather.index, 1};
  merged.commit = kTip;
  pulls.saw(told.plan, told.state, {0, merged}, {});
  told.state.nodes[told.build.value].tip = kTip;
  REQUIRE(pulls.find(1)->commits.size() == 2);
  CHECK(pulls.find(1)->commits[1].what == "merge");
  CHECK(head_of(told.state, *pulls.find(1)) == kTip);
}

TEST_CASE("a pull request shows commits, evidence, verdicts, findings, decisions and the merge") {
  const Whole whole;
  CHECK(pull_text(whole.plan, whole.state, *whole.pulls.find(1)) ==
        "pull request 1: build (merged)\n"
        "  branch   `task/x`, to `main`\n"
        "  commit   cccccccccccc  1970-01-01 00:01:00  attempt 1  (now)\n"
        "  change   3 files, +40 -2; fleetc pr diff 1 20261121-163355-3d8a\n"
        "  evidence `ctest` passes (exit 0)\n"
        "  verdict  review changes requested\n"
        "  finding  open   minor f-1 at src/a.c:12: no check of the length (review)\n"
        "  decision signoff: approved by ann (ann@box, pid 7, no terminal; key: no): fine\n"
        "  merged   by merge on `main`\n");
  CHECK(pulls_text(whole.plan, whole.state, whole.pulls) ==
        "   1  merged    build  `task/x`  3 files, +40 -2  findings: 1 open, 0 closed\n");
}

TEST_CASE("a merge that waits beside a checked-out base is to be taken, and one let pass is none") {
  Whole whole;
  whole.state.tasks.back().branch = "fleet/merged/main";
  CHECK(pulls_text(whole.plan, whole.state, whole.pulls).find("  to take  ") != std::string::npos);
  whole.state.nodes[whole.merge.value].merged = false;
  CHECK(pulls_text(whole.plan, whole.state, whole.pulls).find("  accepted  ") != std::string::npos);
}

TEST_CASE("pull requests for programs have the same facts") {
  const Whole whole;
  const auto list = nlohmann::json::parse(pulls_json(whole.plan, whole.state, whole.pulls));
  REQUIRE(list.size() == 1);
  CHECK(list[0]["number"] == 1);
  CHECK(list[0]["state"] == "merged");
  const auto one = nlohmann::json::parse(pull_json(whole.plan, whole.state, *whole.pulls.find(1)));
  CHECK(one["commits"].size() == 1);
  CHECK(one["verdicts"][0]["verdict"] == "changes requested");
  CHECK(one["findings"][0]["id"] == "f-1");
  CHECK(one["decisions"][0]["by"] == "ann");
  CHECK(one["evidence"][0]["passed"] == true);
}

TEST_CASE("a merge that a human let pass has merged nothing") {
  Whole whole;
  whole.state.nodes[whole.merge.value].let_pass = "ann";
  CHECK_FALSE(pull_text(whole.plan, whole.state, *whole.pulls.find(1)).find("merged   by") !=
              std::string::npos);
}
