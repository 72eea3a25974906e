// The figures of a fan-out that its plan alone settles: what the spawn check can be given before a
// run has measured anything. Pure. REQUIRES of each: `node` is a fan-out of the sealed or valid
// `plan`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dsl/plan/plan.h"

namespace fleet::plan {

// How many items the source has (its `limit` not yet applied), when the text says so: lists and
// ranges.
std::optional<std::uint64_t> declared_items(const FanoutSource& source);

// How many sessions may serve the fan-out at once: the least of `width`, the agents' sessions and
// the fleet's limit. Empty: as many as there are items.
std::optional<std::uint32_t> session_bound(const Plan& plan, const Node& node);

// How many items are served one after another, by as many sessions as are allowed, when the text
// bounds the items.
struct Rounds {
  std::uint64_t count = 0;
  bool exact = false;  // not only the most that `limit` allows
};
std::optional<Rounds> rounds_of(const Plan& plan, const Node& node);

// s: what the step says, else the dearest prior among its agents' runtimes.
std::optional<Millis> spawn_prior(const Plan& plan, const Node& node);

// t of one item: what the step says.
std::optional<Millis> item_prior(const Node& node);

// One line for people: the decision with its arithmetic where N, t and s are in the text, else the
// number of items from which more than one session pays, and what is decided later.
std::string spawn_outlook(const Plan& plan, const Node& node);

}  // namespace fleet::plan
