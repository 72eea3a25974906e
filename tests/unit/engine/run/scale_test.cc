// Sizes at which a step that looks at every task, or recurses along a chain, would not come back.
#include <catch2/catch.hpp>

#include "tests/unit/engine/run/driver.h"

using namespace fleet::run;
using namespace fleet::test;

namespace {

constexpr std::uint32_t kMany = 100'000;

// Answers every command at once, first in first out, until the run closes.
struct Echo {
  explicit Echo(const fleet::plan::Plan& of) : plan(of) {}

  void take(EventBody body) {
    effects.commands.clear();
    effects.transitions.clear();
    step(plan, state, {1, std::move(body)}, effects);
    for (Command& command : effects.commands)
      pending.push_back(std::move(command));
  }
  void run() {
    for (std::size_t next = 0; next < pending.size(); ++next) {
      const Command command = std::move(pending[next]);
      std::visit([&](const auto& c) { answer(c); }, command);
    }
  }
  void answer(const Prepare& c) { take(Prepared{c.attempt, "", "b" + std::to_string(c.attempt.task.value), "s", true, {}, ""}); }
  void answer(const Launch& c) {
    take(Exited{c.attempt, ExitHow::kExited, exit_code(c.attempt), {}, {}, 0, 0, ""});
  }
  void answer(const Capture& c) {
    take(Captured{c.attempt, CaptureHow::kCommit, "c", 0, 0, 0, {}, ""});
  }
  void answer(const Verify& c) { take(Verified{c.attempt, true, {}, ""}); }
  void answer(const Publish& c) { take(Published{c.attempt, "b", "c", ""}); }
  void answer(const DoMerge& c) {
    take(Merged{c.attempt, MergeHow::kMerged, "m", "b", {}, {}, ""});
  }
  void answer(const ListItems& c) {
    take(ItemsListed{c.node, std::vector<std::string>(kMany, "item"), kMany, ""});
  }
  void answer(const DecideSpawn& c) {
    SpawnDecided decided;
    decided.node = c.node;
    decided.sessions = 8;
    take(decided);
  }
  void answer(const CloseRun& c) { take(RunClosed{c.outcome}); }
  void answer(const StartTimer& c) { take(TimerFired{c.attempt}); }
  void answer(const Cancel&) {}
  void answer(const OpenGate&) {}
  void answer(const CloseGate&) {}
  void answer(const EndSession&) {}
  // With `faulty`, the first attempt of each task fails.
  std::int32_t exit_code(Attempt attempt) const { return faulty && attempt.epoch == 1 ? 1 : 0; }

  const fleet::plan::Plan& plan;
  State state;
  Effects effects;
  std::vector<Command> pending;
  bool faulty = false;
};

}  // namespace

TEST_CASE("a hundred thousand items, each of which fails once, end in a merge") {
  PlanBuilder builder;
  const auto fixes = builder.fanout("fixes", {builder.agent("fixer")}, {});
  builder[fixes].retries = 1;
  builder.merge("gather", {fixes}, {accepted(fixes)});
  Echo echo(builder.plan);
  echo.faulty = true;
  echo.take(RunOpened{"r", "", "base", 8, 0, ""});
  echo.run();
  CHECK(echo.state.closed);
  CHECK(echo.state.outcome == RunOutcome::kDone);
  CHECK(echo.state.nodes[fixes.value].accepted == kMany);
}

TEST_CASE("a hundred thousand independent commands that one named agent's tasks wait beside") {
  PlanBuilder builder;
  builder.plan.limits.sessions = 2;
  const auto named = builder.agent("named", false, false, false);
  const auto clones = builder.agent("clones", true, false, false);
  for (std::uint32_t i = 0; i < kMany / 10; ++i) {
    builder.task("n" + std::to_string(i), named);
    builder.task("c" + std::to_string(i), clones);
  }
  for (std::uint32_t i = 0; i < kMany; ++i)
    builder.run("r" + std::to_string(i));
  Echo echo(builder.plan);
  echo.take(RunOpened{"r", "", "base", 4, 4, ""});
  echo.run();
  CHECK(echo.state.outcome == RunOutcome::kDone);
  CHECK(echo.state.closed);
}

TEST_CASE("a chain of a hundred thousand steps runs, and falls as a whole when its head fails") {
  PlanBuilder builder;
  builder.run("r0");
  for (std::uint32_t i = 1; i < kMany; ++i) {
    builder.run("r" + std::to_string(i), {accepted({i - 1})});
  }
  for (const bool faulty : {false, true}) {
    Echo echo(builder.plan);
    echo.faulty = faulty;
    echo.take(RunOpened{"r", "", "base", 4, 4, ""});
    echo.run();
    CHECK(echo.state.closed);
    CHECK(echo.state.outcome == (faulty ? RunOutcome::kFailed : RunOutcome::kDone));
  }
}

TEST_CASE("a task costs at most a kilobyte and a quarter of state beside its texts") {
  CHECK(sizeof(Task) + sizeof(NodeState) + sizeof(Session) <= 1280);
}
