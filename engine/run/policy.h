// What follows from how an attempt ended: retries, budgets and backoffs as pure functions. Knows
// outcomes and counts; nothing of tasks, queues or time of day.
#pragma once

#include <cstdint>

#include "engine/run/state.h"

namespace fleet::run {

// Attempts that the world (disk, git, a lost machine) took away have a budget of their own, so that
// they never eat an agent's retries, and a broken disk still ends the task.
inline constexpr std::uint32_t kLossBudget = 10;

enum class Next : std::uint8_t {
  kAgain,       // at once, behind the step's other tasks
  kAgainLater,  // after `wait`
  kGiveUp,      // the step's `else` decides
};

struct Judgement {
  Next next = Next::kGiveUp;
  bool failure = false;  // spends one of 1 + retries
  bool loss = false;     // spends one of kLossBudget
  Millis wait{0};
  friend bool operator==(const Judgement&, const Judgement&) = default;
};

// What was spent before this attempt, and what the step allows.
struct Spent {
  std::uint32_t failures = 0;
  std::uint32_t losses = 0;
  std::uint32_t retries = 0;
  plan::Restart restart;
};

// REQUIRES: outcome is not kNone or kSuccess.
Judgement judge(Outcome outcome, const Spent& spent);

// min, 2*min, 4*min, … up to max, for the first, second, third crash.
Millis crash_backoff(const plan::Restart& restart, std::uint32_t earlier_failures);
// 1 s, then 4 s.
Millis world_backoff(std::uint32_t earlier_losses);
// The model's service has no room: 5 s, 10 s, 20 s, … up to 5 min.
Millis overload_backoff(std::uint32_t earlier_losses);
// A limit of which nobody says when it ends: 1 min, 2 min, 4 min, … up to 1 h.
Millis limit_backoff(std::uint32_t earlier_waits);

}  // namespace fleet::run
