#include "engine/report/rounds.h"

#include <catch2/catch.hpp>

#include "engine/report/summary.h"

using namespace fleet;
using namespace fleet::report;

namespace {

// A verdict, a loop of at most two rounds that mends it, written out, and the loop itself.
struct Loop {
  plan::Plan plan;
  run::State state;
  static constexpr plan::NodeIndex kVerdict{0}, kFix1{1}, kVerdict1{2}, kFix2{3}, kVerdict2{4},
      kLoop{5};

  Loop() {
    for (const char* name : {"verdict", "polish#1.fix", "polish#1.verdict", "polish#2.fix",
                             "polish#2.verdict", "polish"}) {
      plan.nodes.emplace_back();
      plan.nodes.back().name = name;
      plan.nodes.back().kind = plan::NodeKind::kRun;
    }
    plan::Node& loop = plan.nodes[kLoop.value];
    loop.kind = plan::NodeKind::kLoop;
    for (const plan::NodeIndex test : {kVerdict, kVerdict1, kVerdict2})
      loop.after.push_back({test, plan::EdgeKind::kApproved});
    state.nodes.resize(plan.nodes.size());
  }

  void not_started(plan::NodeIndex node) { state.nodes[node.value].unreachable = true; }
  void approved_by(plan::NodeIndex test) {
    state.nodes[kLoop.value].phase = run::NodePhase::kSettled;
    state.nodes[kLoop.value].approved = 1;
    state.nodes[kLoop.value].stands_for = test;
  }
};

}  // namespace

TEST_CASE("a round of which nothing was started was not needed") {
  Loop loop;
  loop.not_started(Loop::kFix2);
  loop.not_started(Loop::kVerdict2);
  CHECK(is_of_unneeded_round(loop.plan, loop.state, Loop::kFix2));
  CHECK(is_of_unneeded_round(loop.plan, loop.state, Loop::kVerdict2));
  CHECK_FALSE(is_of_unneeded_round(loop.plan, loop.state, Loop::kFix1));
  CHECK_FALSE(is_of_unneeded_round(loop.plan, loop.state, Loop::kVerdict));
}

TEST_CASE("a step that its round could not reach is told, since the round began") {
  Loop loop;
  loop.not_started(Loop::kVerdict1);
  CHECK_FALSE(is_of_unneeded_round(loop.plan, loop.state, Loop::kVerdict1));
}

TEST_CASE("a step outside of loops that was never started is told") {
  Loop loop;
  loop.not_started(Loop::kVerdict);
  CHECK_FALSE(is_of_unneeded_round(loop.plan, loop.state, Loop::kVerdict));
}

TEST_CASE("a loop says how many of its rounds it took") {
  Loop loop;
  CHECK(rounds_text(loop.plan, loop.state, Loop::kLoop).empty());
  loop.approved_by(Loop::kVerdict1);
  CHECK(rounds_text(loop.plan, loop.state, Loop::kLoop) == "approved after 1 of 2 rounds");
  loop.approved_by(Loop::kVerdict);
  CHECK(rounds_text(loop.plan, loop.state, Loop::kLoop) == "approved after 0 of 2 rounds");
  CHECK(rounds_text(loop.plan, loop.state, Loop::kVerdict).empty());
}

TEST_CASE("a summary leaves out the rounds that nobody needed, and nothing else") {
  Loop loop;
  loop.not_started(Loop::kFix2);
  loop.not_started(Loop::kVerdict2);
  loop.approved_by(Loop::kVerdict1);
  const std::string text = summary_text(loop.plan, loop.state, {});
  CHECK(text.find("polish#1.fix") != std::string::npos);
  CHECK(text.find("polish#2") == std::string::npos);
  CHECK(text.find("approved after 1 of 2 rounds") != std::string::npos);
}

TEST_CASE("a run that merges into the base ended unmerged when no such merge was made") {
  Loop loop;
  plan::Node merge;
  merge.name = "merge";
  merge.kind = plan::NodeKind::kMerge;
  merge.merge = plan::Merge{};
  merge.merge->into_base = true;
  loop.plan.nodes.push_back(merge);
  loop.state.nodes.emplace_back();
  CHECK_FALSE(ended_unmerged(loop.plan, loop.state));  // it may still come
  loop.state.closed = true;
  loop.not_started({6});
  CHECK(ended_unmerged(loop.plan, loop.state));
  CHECK(state_word(loop.plan, loop.state, {}) == std::string("unmerged"));
  const std::string text = summary_text(loop.plan, loop.state, {});
  CHECK(text.find("done, and nothing was merged") != std::string::npos);
  loop.state.nodes.back().unreachable = false;
  loop.state.nodes.back().merged = true;
  CHECK_FALSE(ended_unmerged(loop.plan, loop.state));
}
