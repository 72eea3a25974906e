// A plan as canonical JSON and back. The same plan gives the same bytes on every machine: fixed key
// order, no floats, durations in milliseconds, money in micro-dollars. This is what the journal
// stores. Empty fields are left out. Any byte string survives: bytes that are not UTF-8 are written
// as \udc80 to \udcff.
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
// Never throws; time and memory are bounded by the input's size, and depth by the plan's structure.
// Strict: unknown, repeated and missing keys, other types and values out of range are errors.
// Accepts only what `validate` accepts; does not check the hashes.
DecodedPlan from_json(std::string_view json);

// Empty when the plan keeps the invariants that plan.h states (indices in range, topological order,
// exactly the fields of the node's kind, unique names); else the first breach.
std::string validate(const Plan& plan);

// SHA-256 in lower-case hex.
std::string sha256(std::string_view bytes);

// Fills node hashes (in topological order) and the plan's hash. They say what a plan does: neither
// depends on places, comments or spelling in the user's text, nor a node's on indices. REQUIRES:
// `validate` accepts the plan.
void seal(Plan& plan);

}  // namespace fleet::plan
