// Checkpoints and handoffs that nobody kept are told.
#include "engine/report/keeping.h"

#include <catch2/catch.hpp>

#include "tests/support/plan_builder.h"

using namespace fleet;
using namespace fleet::report;

namespace {

struct Watched {
  test::PlanBuilder builder;
  run::State state;
  Keeping keeping;

  Watched() {
    const auto agent = builder.agent("worker");
    builder.plan.agents[agent.value].checkpoint = plan::Millis(60'000);
    builder.plan.agents[agent.value].handoff.shutdown = true;
    plan::Node node;
    node.agents = {agent};
    builder.plan.nodes.push_back(node);
    state.tasks.resize(1);
    state.tasks[0].epoch = 2;
    state.sessions.push_back({});
    state.sessions[0].agent = agent;
  }
  std::string saw(run::EventBody body) {
    return keeping.saw(builder.plan, state, {0, std::move(body)});
  }
  void prepared() {
    run::Prepared event;
    event.attempt = {{0}, 2};
    CHECK(saw(event).empty());
  }
  void saved(run::NoteKind kind, std::uint32_t number, run::Epoch epoch = 2) {
    CHECK(saw(run::NoteSaved{{{0}, epoch}, kind, number, "", 1}).empty());
  }
  std::string ended(std::int64_t ms, run::ExitHow how = run::ExitHow::kExited) {
    run::Exited event;
    event.attempt = {{0}, 2};
    event.how = how;
    event.duration = plan::Millis(ms);
    return saw(event);
  }
};

}  // namespace

TEST_CASE("a session that saves as often as it is to is not spoken of") {
  Watched run;
  run.prepared();
  run.saved(run::NoteKind::kCheckpoint, 1);
  run.saved(run::NoteKind::kCheckpoint, 2);
  CHECK(run.ended(179'999).empty());
}

TEST_CASE("one that ends before the first is due owes none") {
  Watched run;
  run.prepared();
  CHECK(run.ended(59'999).empty());
}

TEST_CASE("what was not saved is told, and notes of another attempt do not count") {
  Watched run;
  run.prepared();
  run.saved(run::NoteKind::kCheckpoint, 7, 1);
  run.saved(run::NoteKind::kHandoff, 1);
  run.saved(run::NoteKind::kCheckpoint, 1);
  CHECK(run.ended(180'000) == "saved 1 of the 3 checkpoints that were due, one every 1min");
  CHECK(run.ended(180'000).empty());
}

TEST_CASE("a session that was ended leaves a handoff, or it is told that it did not") {
  for (const auto how : {run::ExitHow::kCancelled, run::ExitHow::kTimedOut}) {
    Watched without;
    without.prepared();
    CHECK(without.ended(1, how) == "left no handoff");
    Watched with;
    with.prepared();
    with.saved(run::NoteKind::kHandoff, 1);
    CHECK(with.ended(1, how).empty());
  }
}

TEST_CASE("who joins a run that is under way knows what was saved before") {
  Watched run;
  run.state.tasks[0].phase = run::Phase::kRunning;
  run.state.tasks[0].checkpoints = 3;
  CHECK(run.saw(run::Resumed{}).empty());
  CHECK(run.ended(200'000).empty());
}
