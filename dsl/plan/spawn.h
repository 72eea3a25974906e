// The arithmetic of the spawn check, shared by the compiler (which proves) and the engine (which
// measures). Pure. The rule is the one people who run fleets use, "fan out only when (N-1)*t
// exceeds the spawn cost", generalised to W sessions: N*t - ceil(N/W)*t > s; both agree when W >=
// N.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dsl/plan/plan.h"

namespace fleet::plan {

// Where a figure came from: declared in the text, measured in earlier runs, or a default of ours.
enum class Figure { kDeclared, kMeasured, kAssumed };

struct SpawnQuestion {
  std::uint64_t items = 0;   // N
  std::vector<Millis> each;  // predicted t of each item; one entry: the same for all
  Millis spawn{0};           // s, of one cold session
  std::uint32_t width =
      1;  // W: the least of `width`, the agents' sessions, the fleet's limit and -j
  Figure each_from = Figure::kDeclared;
  Figure spawn_from = Figure::kDeclared;
  Force force = Force::kNone;
  std::optional<Money> session_cost;  // money of one cold start, when known
};

enum class SpawnVerdict {
  kInline,
  kBatched,
  kParallel
};  // one session; fewer sessions than items; one each

struct SpawnDecision {
  SpawnVerdict verdict = SpawnVerdict::kInline;
  std::uint32_t sessions = 1;  // 0 only when there are no items
  Millis sequential{0};        // predicted makespan with one session, its spawn included
  Millis chosen{0};            // predicted makespan with `sessions`
  Millis saved{0};             // left side of the rule at the declared width
  bool pays = false;           // the rule holds
  bool forced = false;
  std::optional<Money> extra;                      // money of the additional cold starts
  std::vector<std::vector<std::uint64_t>> shares;  // item indices a session; longest first
  std::string arithmetic;  // "40 × 2s − 5 × 2s = 1min 10s > 300ms: 8 sessions"
};

// The rule, with the longest share in place of ceil(N/W)*t when times differ, decides whether to
// leave one session. Then the number of sessions and their shares minimise the predicted makespan
// (shares by longest-processing-time-first: exact for equal times, within 4/3 of the best
// otherwise); ties go to fewer sessions. `force` overrides the rule, not the width. O(N log N + N
// log W log W). REQUIRES: width >= 1; question.each has one entry, or one for each item; aborts
// otherwise.
SpawnDecision decide_spawn(const SpawnQuestion& question);

// The smallest N for which the rule holds with this t, s and W; empty: none does (W == 1 or t ==
// 0).
std::optional<std::uint64_t> break_even(Millis each, Millis spawn, std::uint32_t width);

}  // namespace fleet::plan
