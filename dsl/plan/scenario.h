// A test of a flow: what is assumed of those who take part in a run, and what is claimed of how it
// goes. Plain data beside the plan that it is about; made by the compiler from a `test` block, run
// on the simulator. Not part of a plan: a run knows nothing of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dsl/plan/plan.h"

namespace fleet::plan {

// What somebody does when it is their turn.
struct Deed {
  enum class Kind {
    // How a session, a command or a merge ends.
    kDone,
    kApproved,
    kChangesRequested,
    kFails,
    kFailsEvidence,
    kCrashes,
    kHangs,  // does nothing until its `timeout` ends it
    kConflicts,
    // What a human decides: at a `human` step the first two, of what was escalated the next two.
    kApproves,
    kRejects,
    kContinues,
    kStops,
    kNeverAnswers,
    kTakes,   // `time`
    kSpends,  // `money`
    kLists,   // `items`
  };
  Kind kind = Kind::kDone;
  // kChangesRequested: how many, under which label; the label may be empty.
  std::vector<std::pair<std::string, std::uint32_t>> findings = {};
  Millis time{0};
  Money money = {};
  std::vector<std::string> items = {};
  friend bool operator==(const Deed&, const Deed&) = default;
};

struct Assumption {
  enum class Who { kAgent, kHuman, kStep };
  Who who = Who::kAgent;
  std::string name;                 // of the agent or the human
  bool anywhere = true;             // else `nodes` says where
  std::vector<NodeIndex> nodes;     // of one step: all its rounds
  std::uint32_t round = 0;          // of the loop around the step; 0: any, and outside of loops
  std::optional<std::string> item;  // of a fan-out
  std::vector<Deed> deeds;          // the first time, the second, …: the last one from then on
  std::string text;                 // as written
};

struct Claim {
  enum class About { kRuns, kFires, kAsks, kRunEnds, kAmount };
  enum class End { kDone, kFailed, kWaiting };
  enum class Compare { kLess, kAtMost, kMore, kAtLeast, kExactly };
  enum class Measure { kRounds, kAttempts, kItems, kSessions, kTime, kMoney };

  About about = About::kRuns;
  bool never = false;
  std::vector<NodeIndex> nodes;     // of one step, in the order of its rounds; empty: of the run
  EdgeKind edge = EdgeKind::kDone;  // kFires
  std::string human;                // kAsks
  End end = End::kDone;             // kRunEnds
  Compare compare = Compare::kExactly;
  Measure measure = Measure::kRounds;
  std::int64_t amount = 0;       // a number, milliseconds or micro-dollars
  std::optional<Millis> within;  // of the beginning of the run
  std::string text;              // as written
};

struct Scenario {
  std::vector<Assumption> given;
  std::vector<Claim> expect;
};

}  // namespace fleet::plan
