// What a simulation by chance assumes of the world, all of it: figures of ours where the fleet's
// text says nothing, none of them measured. The report states each one.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "dsl/plan/plan.h"

namespace fleet::simulate {

// What the world does to a fleet, at the rate that the caller asks for.
enum class Fault : std::uint8_t {
  kCrash,       // a session is killed by a signal
  kHang,        // a session does nothing until its `timeout`
  kLimit,       // the vendor's usage limit is reached
  kOverload,    // the vendor has no room
  kCredential,  // the credential is not accepted
  kContext,     // the context is full before the work is done
  kWorktree,    // git or the disk fails: a worktree, a commit, evidence, a branch
  kMerge,       // the same, at a merge
  kEngine,      // the engine is killed, and up again after half a minute
  kLateHuman,   // a human takes ten times as long
};
inline constexpr std::size_t kFaults = 10;
const char* name_of(Fault fault);

struct Chances {
  double faults = 0.02;  // of each session, merge, preparation, human and run

  // Medians, where the step has no `est`; at most a third of its `timeout`.
  plan::Millis writes{20 * 60'000};   // of an agent that writes
  plan::Millis reviews{5 * 60'000};   // of one that returns a verdict
  plan::Millis looks{10 * 60'000};    // of any other
  plan::Millis command{30'000};       // of a plain command
  plan::Millis evidence{2 * 60'000};  // of an `accept` that is a command
  plan::Millis answers{2 * 3'600'000};
  double spread = 0.5;  // of all durations: e^0.5 is 1.6

  double tokens_a_minute = 40'000;  // of an agent's session, read and written
  double tokens_spread = 0.4;
  plan::Money price{1'000'000};  // of a million tokens, cached reads included

  double evidence_fails = 0.10;
  double says_no = 0.03;            // a session or command ends with an exit code
  double changes_requested = 0.40;  // by a reviewer; half as often after each round of a loop
  std::uint32_t findings = 3;       // at most, where changes are requested
  double conflicts = 0.03;          // of merges
  double merged_fails = 0.05;       // the evidence of a merged tree
  double rejects = 0.10;            // of what humans are asked to decide
  double goes_on = 0.30;            // of what was escalated to them
};

// One line a figure, for people.
std::vector<std::string> stated(const Chances& chances);

}  // namespace fleet::simulate
