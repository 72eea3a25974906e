#include "dsl/plan/spawn.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;

namespace fleet::plan {
namespace {

SpawnQuestion question(std::uint64_t items, std::vector<Millis> each, Millis spawn,
                       std::uint32_t width) {
  SpawnQuestion question;
  question.items = items;
  question.each = std::move(each);
  question.spawn = spawn;
  question.width = width;
  return question;
}

using Shares = std::vector<std::vector<std::uint64_t>>;

}  // namespace

TEST_CASE("no items need no session") {
  const SpawnDecision decision = decide_spawn(question(0, {}, 300ms, 8));
  CHECK(decision.sessions == 0);
  CHECK(decision.shares.empty());
  CHECK(decision.chosen == 0ms);
  CHECK(decision.arithmetic == "no items: no session");
}

TEST_CASE("when the time saved exceeds the spawn cost, sessions are as many as shorten the run") {
  const SpawnDecision decision = decide_spawn(question(40, {2s}, 300ms, 8));
  CHECK(decision.verdict == SpawnVerdict::kBatched);
  CHECK(decision.sessions == 8);
  CHECK(decision.pays);
  CHECK(decision.saved == 70s);
  CHECK(decision.sequential == 80'300ms);
  CHECK(decision.chosen == 10'300ms);
  CHECK(decision.arithmetic == "40 × 2s − 5 × 2s = 1min 10s > 300ms: 8 sessions");
}

TEST_CASE("when the time saved does not exceed the spawn cost, one session serves all") {
  const SpawnDecision decision = decide_spawn(question(3, {1s}, 2s, 8));
  CHECK(decision.verdict == SpawnVerdict::kInline);
  CHECK(decision.sessions == 1);
  CHECK_FALSE(decision.pays);
  CHECK(decision.chosen == decision.sequential);
  CHECK(decision.shares == Shares{{0, 1, 2}});
  CHECK(decision.arithmetic == "3 × 1s − 1 × 1s = 2s ≤ 2s: 1 session serves all 3");
}

TEST_CASE("a session for each item is called parallel") {
  const SpawnDecision decision = decide_spawn(question(3, {1s}, 1999ms, 3));
  CHECK(decision.verdict == SpawnVerdict::kParallel);
  CHECK(decision.shares == Shares{{0}, {1}, {2}});
}

TEST_CASE("among equally fast widths the one with fewer sessions is chosen") {
  const SpawnDecision decision = decide_spawn(question(10, {2s}, 300ms, 8));
  CHECK(decision.sessions == 5);
  CHECK(decision.arithmetic == "10 × 2s − 2 × 2s = 16s > 300ms: 5 sessions (as fast as 8)");
}

TEST_CASE("unequal items are shared so that the longest share is short, longest share first") {
  const SpawnDecision decision = decide_spawn(question(4, {1s, 6s, 2s, 3s}, 1s, 4));
  CHECK(decision.sessions == 2);
  CHECK(decision.shares == Shares{{1}, {3, 2, 0}});
  CHECK(decision.chosen == 7s);
  CHECK(decision.arithmetic ==
        "4 items of 12s in all − longest share 6s = 6s > 1s: 2 sessions (as fast as 4)");
}

TEST_CASE("force parallel fans out although it does not pay, and says so") {
  SpawnQuestion forced = question(2, {1s}, 5s, 4);
  forced.force = Force::kParallel;
  const SpawnDecision decision = decide_spawn(forced);
  CHECK(decision.sessions == 2);
  CHECK(decision.forced);
  CHECK_FALSE(decision.pays);
  CHECK(decision.arithmetic == "2 × 1s − 1 × 1s = 1s ≤ 5s, forced parallel: 2 sessions");
}

TEST_CASE("force parallel fans out as wide as it may when items are predicted to take no time") {
  SpawnQuestion forced = question(5, {0s}, 5s, 3);
  forced.force = Force::kParallel;
  CHECK(decide_spawn(forced).shares == Shares{{0, 3}, {1, 4}, {2}});
  forced.each = {1s, 0s, 0s, 0s, 0s};
  const SpawnDecision decision = decide_spawn(forced);
  CHECK(decision.sessions == 3);
  for (const auto& share : decision.shares) {
    CHECK_FALSE(share.empty());
  }
}

TEST_CASE("force inline keeps one session although fanning out pays, and says so") {
  SpawnQuestion forced = question(40, {2s}, 300ms, 8);
  forced.force = Force::kInline;
  const SpawnDecision decision = decide_spawn(forced);
  CHECK(decision.verdict == SpawnVerdict::kInline);
  CHECK(decision.pays);
  CHECK(decision.forced);
  CHECK(decision.arithmetic ==
        "40 × 2s − 5 × 2s = 1min 10s > 300ms, forced inline: 1 session serves all 40");
}

TEST_CASE("the money of further cold starts is stated beside the time saved") {
  SpawnQuestion priced = question(40, {2s}, 300ms, 8);
  priced.session_cost = Money{50'000};
  const SpawnDecision decision = decide_spawn(priced);
  CHECK(decision.extra == Money{350'000});
  CHECK(decision.arithmetic ==
        "40 × 2s − 5 × 2s = 1min 10s > 300ms: 8 sessions, 7 more cold starts for $0.35");
}

TEST_CASE("the arithmetic says which figures were measured or assumed") {
  SpawnQuestion measured = question(4, {2s}, 300ms, 4);
  measured.each_from = Figure::kMeasured;
  measured.spawn_from = Figure::kAssumed;
  CHECK(decide_spawn(measured).arithmetic ==
        "4 × 2s (measured) − 1 × 2s = 6s > 300ms (assumed): 4 sessions");
}

TEST_CASE("one item and width 1 leave nothing to decide") {
  CHECK(decide_spawn(question(1, {2s}, 0s, 8)).arithmetic == "1 item: 1 session");
  CHECK(decide_spawn(question(9, {2s}, 0s, 1)).arithmetic == "width 1: 1 session serves all 9");
}

TEST_CASE("figures beyond any calendar saturate instead of wrapping") {
  const SpawnDecision equal = decide_spawn(question(1000, {Millis::max()}, 1s, 10));
  CHECK(equal.sequential == Millis::max());
  CHECK(equal.sessions >= 1);
  const SpawnDecision mixed = decide_spawn(question(3, {Millis::max(), Millis::max(), 1ms}, 1s, 3));
  CHECK(mixed.sequential == Millis::max());
  CHECK(mixed.saved >= 0ms);
}

TEST_CASE("a hundred thousand unequal items are shared over 64 sessions within rounding") {
  SpawnQuestion large = question(100'000, {}, 1s, 64);
  std::int64_t total = 0;
  for (std::int64_t i = 0; i < 100'000; ++i) {
    large.each.emplace_back(1 + i * 7919 % 10'007);
    total += large.each.back().count();
  }
  const SpawnDecision decision = decide_spawn(large);
  CHECK(decision.sessions == 64);
  CHECK(decision.chosen.count() - 1000 <= total / 64 + 2);
}

TEST_CASE("the break-even is the first N whose saving exceeds the spawn cost") {
  CHECK(break_even(2s, 300ms, 8) == 2u);
  CHECK(break_even(1s, 2s, 8) == 4u);  // (4-1) × 1s > 2s
  CHECK(break_even(1s, 2s, 2) == 6u);  // 6 - 3 > 2, but 5 - 3 is not
  CHECK(break_even(1s, 0s, 2) == 2u);
}

TEST_CASE("nothing breaks even at width 1 or with items that take no time") {
  CHECK_FALSE(break_even(1s, 1s, 1));
  CHECK_FALSE(break_even(0s, 1s, 8));
  CHECK_FALSE(break_even(1ms, Millis::max(), 2));
}

}  // namespace fleet::plan
