// A run as tests of texts need it: a build, two rounds of reviews of it, a human, a merge. The
// state is set up by hand, so that no rule of the run stands between a test and the text it is
// about.
#pragma once

#include <string>

#include "engine/run/state.h"
#include "tests/support/plan_builder.h"

namespace fleet::test {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;

struct Told {
  plan::Plan plan;
  run::State state;
  plan::NodeIndex build, first, second, signoff, merge;

  Told() {
    PlanBuilder make;
    const plan::AgentIndex backend = make.agent("backend");
    const plan::AgentIndex review = make.agent("review", true, false, false);
    make.plan.agents[review.value].returns = plan::Returns::kVerdict;
    build = make.task("build", backend);
    first = make.task("verdict", review, {accepted(build)});
    second =
        make.task("polish#1.verdict", review, {edge(first, plan::EdgeKind::kChangesRequested)});
    make[second].round = 1;
    signoff = add_human(make, "signoff", edge(second, plan::EdgeKind::kApproved));
    merge = make.merge("merge", {build}, {edge(signoff, plan::EdgeKind::kApproved)});
    make[merge].merge->into_base = true;
    make.plan.humans.push_back({"ann", plan::Millis(8 * kHour), std::nullopt, ""});
    plan = std::move(make.plan);
    state.run = "20261121-163355-3d8a";
    state.base_commit = std::string(40, 'b');
    state.opened = true;
    state.opened_at = 0;
    state.nodes.resize(plan.nodes.size());
  }

  static plan::NodeIndex add_human(PlanBuilder& make, const std::string& name, plan::Edge after) {
    const plan::NodeIndex node = make.run(name, {after});
    make[node].kind = plan::NodeKind::kHuman;
    make[node].command.reset();
    make[node].human = "ann";
    return node;
  }

  run::Task& task(plan::NodeIndex node, run::Phase phase = run::Phase::kDone) {
    run::Task task;
    task.index = {static_cast<std::uint32_t>(state.tasks.size())};
    task.node = node;
    task.phase = phase;
    task.epoch = 1;
    state.nodes[node.value].tasks.push_back(task.index);
    if (phase == run::Phase::kParked)
      ++state.parked;
    return state.tasks.emplace_back(std::move(task));
  }

  run::Task& built() {
    run::Task& made = task(build);
    made.branch = "task/x";
    made.commit = std::string(40, 'c');
    made.files = 3;
    made.insertions = 40;
    made.deletions = 2;
    made.work = plan::Millis(90'000);
    made.checks = {{"ctest", true, "exit 0", {}}};
    state.nodes[build.value].tip = made.commit;
    return made;
  }

  run::Task& reviewed(plan::NodeIndex node, run::Verdict verdict,
                      std::vector<run::Finding> findings) {
    run::Task& task_of = task(node);
    task_of.start = std::string(40, 'c');
    task_of.verdict = verdict;
    task_of.findings = std::move(findings);
    return task_of;
  }

  run::Task& asked(std::int64_t at, std::int64_t closes_at = 0,
                   run::Asks asks = run::Asks::kDecision) {
    run::Task& gate = task(signoff, run::Phase::kParked);
    gate.gate = run::Gate{asks, "ann", "`signoff` is to be decided", 1, at, closes_at, 0};
    gate.since = at;
    return gate;
  }
};

inline run::Finding finding(std::string id, run::Severity severity, std::string title) {
  return {std::move(id), severity, "", "src/a.c", 12, std::move(title), "detail"};
}

// The whole run up to its open gate: one finding was closed in round 1, one is new.
inline Told told_up_to_gate() {
  Told told;
  told.built();
  told.reviewed(told.first, run::Verdict::kChangesRequested,
                {finding("f-1", run::Severity::kMinor, "no check of the length")});
  told.reviewed(told.second, run::Verdict::kApproved,
                {finding("f-2", run::Severity::kNote, "a\x1b[2Jname")});
  told.asked(kMinute, 24 * kHour);
  return told;
}

}  // namespace fleet::test
