// What reviews have said of a change over its rounds: verdicts in order, and each finding as open
// or closed. From plan and state alone.
#pragma once

#include <string>
#include <vector>

#include "engine/run/state.h"

namespace fleet::report {

// By node: whether `node` comes after it, in any way. `node` itself is not before itself.
std::vector<bool> before(const plan::Plan& plan, plan::NodeIndex node);

struct GivenVerdict {
  run::TaskIndex task;
  std::string agent;
  std::string commit;  // that was reviewed
  run::Verdict verdict = run::Verdict::kApproved;
  std::string summary;
  std::uint32_t round = 0;  // of the loop around the review, 0 outside
};

// A finding of one agent's: open while the last review by that agent has it, whether that came to a
// verdict or not.
struct TrackedFinding {
  run::Finding finding;  // as last filed
  std::string agent;
  std::uint32_t first_round = 0;
  std::uint32_t last_round = 0;  // in which it was filed
  bool open = true;
};

struct Reviews {
  std::vector<GivenVerdict> verdicts;    // in order of tasks
  std::vector<TrackedFinding> findings;  // open ones first, the most severe first
  std::size_t open() const;
};

// Of the reviews for which `wanted` (by node) holds.
Reviews reviews_of(const plan::Plan& plan, const run::State& state,
                   const std::vector<bool>& wanted);

// "round 2: review approved, security changes requested", a line a round.
std::vector<std::string> verdict_lines(const Reviews& reviews);
// "2 open, 3 closed"
std::string finding_counts(const Reviews& reviews);
// "major f-1a2b3c4d5e at src/a.c:12: no check of the length (security)"
std::string finding_line(const TrackedFinding& finding);

const char* word_of(run::Verdict verdict);    // "approved", "changes requested"
const char* word_of(run::Severity severity);  // "major"

}  // namespace fleet::report
