// What things may cost, in a line of Markdown each; empty where nobody can say, or something is
// wrong with the fleet.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dsl/lsp/snapshot.h"

namespace fleet::lsp {

// Of a flow, a step, a loop with all its rounds, a use of a pattern, or the fleet.
std::string cost_of(const Snapshot& snapshot, const Named& named);
// Of a step within a use, where a flow says it: "ship.build".
std::string cost_of_member(const Snapshot& snapshot, SourceId source, std::uint32_t offset,
                           std::string_view path);
// "A day costs at most $49.50 = …"
std::string cost_of_day(const Snapshot& snapshot);

// What all rounds of one step in the text come to, or of all steps in a loop or in a use.
struct StepCost {
  std::uint64_t attempts = 1;          // of one item in one round
  std::uint64_t rounds = 0;            // how often the step stands in the plan
  std::optional<std::uint64_t> items;  // of one round; empty: known only when it runs
  std::optional<plan::Money> each;     // of one attempt; empty: no budget, or not always the same
  std::optional<plan::Money> total;    // empty: unknown
  std::string spawn;                   // of a fan-out: the spawn check as far as it is known
};
// nullopt: it costs nothing (a merge, a command), or the fleet has mistakes. Of `all` and `any`,
// the calls inside of it together.
std::optional<StepCost> step_cost(const Snapshot& snapshot, const Named& step);
// "at most $18.00 = 3 × 6 × $1.00"
std::string text_of(const StepCost& cost);

// "polish#1.ship.build" is said as "ship.build".
std::string without_rounds(const std::string& name);

// The plan of the flow that holds the step; nullptr: there is none to show.
const plan::Plan* plan_around(const Snapshot& snapshot, const Named& named);
// Of some flow of the fleet: what a day costs is the same in each.
const plan::Plan* plan_with_day(const Snapshot& snapshot);

}  // namespace fleet::lsp
