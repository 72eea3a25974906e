// A plan as canonical JSON and back. The same plan gives the same bytes on every machine: fixed key
// order, no floats, durations in milliseconds, money in micro-dollars. This is what the journal stores.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dsl/plan/plan.h"

namespace fleet::plan {

std::string to_json(const Plan& plan);

struct DecodedPlan {
  std::optional<Plan> plan;
  std::string error;  // when there is no plan: what is wrong and where in the JSON
};
// Never throws; bounded by the input's size. Accepts only what `validate` accepts.
DecodedPlan from_json(std::string_view json);

// Empty when the plan keeps the invariants that plan.h states (indices in range, topological order,
// exactly the fields of the node's kind, unique names); else the first breach.
std::string validate(const Plan& plan);

// SHA-256 in lower-case hex.
std::string sha256(std::string_view bytes);

// Fills node hashes (in topological order) and the plan's hash.
void seal(Plan& plan);

}  // namespace fleet::plan
