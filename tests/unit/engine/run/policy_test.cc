#include "engine/run/policy.h"

#include <catch2/catch.hpp>

using namespace fleet::run;

namespace {

constexpr Outcome kCounted[] = {Outcome::kEvidenceFailed, Outcome::kExitCode,
                                Outcome::kTimeout,        Outcome::kOutputLimit,
                                Outcome::kOutsidePaths,   Outcome::kRefused};

Spent spent(std::uint32_t failures, std::uint32_t losses, std::uint32_t retries) {
  return {failures, losses, retries, {}};
}

}  // namespace

TEST_CASE("an agent's failure is tried again at once while retries are left") {
  for (const Outcome outcome : kCounted) {
    CAPTURE(name_of(outcome));
    CHECK(judge(outcome, spent(0, 0, 2)) == Judgement{Next::kAgain, true, false, Millis{0}});
    CHECK(judge(outcome, spent(1, 0, 2)) == Judgement{Next::kAgain, true, false, Millis{0}});
    CHECK(judge(outcome, spent(2, 0, 2)) == Judgement{Next::kGiveUp, true, false, Millis{0}});
  }
}

TEST_CASE("without retries the first failure is the last") {
  for (const Outcome outcome : kCounted) {
    CHECK(judge(outcome, spent(0, 2, 0)).next == Next::kGiveUp);
  }
}

TEST_CASE(
    "only a crash waits before it is tried again, twice as long each time up to the maximum") {
  const fleet::plan::Restart restart{Millis{1000}, Millis{6000}, 5};
  CHECK(judge(Outcome::kCrash, {0, 0, 9, restart}) ==
        Judgement{Next::kAgainLater, true, false, Millis{1000}});
  CHECK(judge(Outcome::kCrash, {1, 0, 9, restart}).wait == Millis{2000});
  CHECK(judge(Outcome::kCrash, {2, 0, 9, restart}).wait == Millis{4000});
  CHECK(judge(Outcome::kCrash, {3, 0, 9, restart}).wait == Millis{6000});
  CHECK(judge(Outcome::kCrash, {4'000'000'000, 0, 4'000'000'001, restart}).wait == Millis{6000});
}

TEST_CASE("a backoff of nothing and a maximum below the minimum are taken at their word") {
  CHECK(judge(Outcome::kCrash, {0, 0, 1, {Millis{0}, Millis{9}, 5}}).next == Next::kAgain);
  CHECK(crash_backoff({Millis{500}, Millis{100}, 5}, 0) == Millis{100});
  const Millis longest = Millis::max();
  CHECK(crash_backoff({longest, longest, 5}, 70) == longest);
}

TEST_CASE("what the world takes away has a budget of its own") {
  CHECK(judge(Outcome::kWorld, spent(0, 0, 0)) ==
        Judgement{Next::kAgainLater, false, true, Millis{1000}});
  CHECK(judge(Outcome::kWorld, spent(0, 1, 0)) ==
        Judgement{Next::kAgainLater, false, true, Millis{4000}});
  CHECK(judge(Outcome::kWorld, spent(0, kLossBudget - 1, 0)) ==
        Judgement{Next::kGiveUp, false, true, Millis{0}});
  CHECK(judge(Outcome::kLost, spent(0, 0, 0)) == Judgement{Next::kAgain, false, true, Millis{0}});
  CHECK(judge(Outcome::kLost, spent(0, kLossBudget - 1, 9)).next == Next::kGiveUp);
}

TEST_CASE("what would end the same way is not tried again and spends nothing") {
  for (const Outcome outcome : {Outcome::kSpawnFailed, Outcome::kConflict}) {
    CHECK(judge(outcome, spent(0, 0, 9)) == Judgement{});
  }
}
