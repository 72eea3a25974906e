// A command that the fleet's definition names and its user would run: with fleetc's own
// environment, in the user's checkout, without a sandbox. Threads: any.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "dsl/plan/plan.h"
#include "engine/base/result.h"
#include "engine/flow/site.h"

namespace fleet::flow {

struct OwnCommand {
  const plan::Command& command;
  std::vector<std::pair<std::string, std::string>> variables =
      {};                    // beside, or instead of, fleetc's own
  bool keep_errors = false;  // what it says on stderr is part of the output; else that goes nowhere
};

struct OwnOutput {
  std::string text;   // at most 64 KiB
  std::string ended;  // "" when it ended with 0; else "exit 22", "signal 9"
};

inline constexpr std::chrono::seconds kPatience{30};

// Blocks for `patience` at most, then kills it. kTimeout; kInvalid: it wrote too much; kIo: it
// can't be started.
Result<OwnOutput> run_own(const OwnCommand& own, const Site& site,
                          std::chrono::milliseconds patience = kPatience);

}  // namespace fleet::flow
