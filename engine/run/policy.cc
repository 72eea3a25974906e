#include "engine/run/policy.h"

#include <algorithm>

#include "engine/base/check.h"

namespace fleet::run {

namespace {

Judgement failed(const Spent& spent, Millis wait) {
  if (spent.failures >= spent.retries)
    return {.next = Next::kGiveUp, .failure = true};
  const Next next = wait.count() > 0 ? Next::kAgainLater : Next::kAgain;
  return {.next = next, .failure = true, .wait = wait};
}

Judgement lost(const Spent& spent, Millis wait) {
  if (spent.losses + 1 >= kLossBudget)
    return {.next = Next::kGiveUp, .loss = true};
  const Next next = wait.count() > 0 ? Next::kAgainLater : Next::kAgain;
  return {.next = next, .loss = true, .wait = wait};
}

}  // namespace

Judgement judge(Outcome outcome, const Spent& spent) {
  switch (outcome) {
    case Outcome::kEvidenceFailed:
    case Outcome::kExitCode:
    case Outcome::kTimeout:
    case Outcome::kOutputLimit:
    case Outcome::kOutsidePaths:
    case Outcome::kRefused:
    case Outcome::kNoVerdict:
    case Outcome::kSaidFailed:
    case Outcome::kContextExhausted: return failed(spent, Millis{0});
    case Outcome::kCrash: return failed(spent, crash_backoff(spent.restart, spent.failures));
    case Outcome::kLost:
    // Not by a stop, which gives its attempts back: its engine died or had to give up.
    case Outcome::kCancelled: return lost(spent, Millis{0});
    case Outcome::kWorld: return lost(spent, world_backoff(spent.losses));
    case Outcome::kOverloaded: return lost(spent, overload_backoff(spent.losses));
    // Waiting costs nothing, whatever was spent before.
    case Outcome::kLimited: return {.next = Next::kAgainLater, .wait = limit_backoff(0)};
    // The same attempt would end the same way.
    case Outcome::kSpawnFailed:
    case Outcome::kConflict:
    case Outcome::kAuth:
    case Outcome::kDeclined:
    case Outcome::kBudgetSpent:
    case Outcome::kRejected:
    case Outcome::kUnanswered: return {};
    case Outcome::kNone:
    case Outcome::kSuccess: break;
  }
  FLEET_FAIL("nothing to judge", name_of(outcome));
}

Millis crash_backoff(const plan::Restart& restart, std::uint32_t earlier_failures) {
  Millis wait = restart.backoff_min;
  for (std::uint32_t i = 0; i < earlier_failures && wait < restart.backoff_max && wait.count() > 0;
       ++i) {
    wait = wait > restart.backoff_max / 2 ? restart.backoff_max : wait * 2;
  }
  return std::min(wait, restart.backoff_max);
}

namespace {

Millis doubled(Millis first, std::uint32_t times, Millis most) {
  while (times-- > 0 && first < most)
    first *= 2;
  return std::min(first, most);
}

}  // namespace

Millis overload_backoff(std::uint32_t earlier_losses) {
  return doubled(std::chrono::seconds(5), earlier_losses, std::chrono::minutes(5));
}

Millis limit_backoff(std::uint32_t earlier_waits) {
  return doubled(std::chrono::minutes(1), earlier_waits, std::chrono::hours(1));
}

Millis world_backoff(std::uint32_t earlier_losses) {
  return earlier_losses == 0 ? Millis{1000} : Millis{4000};
}

}  // namespace fleet::run
