// The facts of a plan as short phrases, the same in text, DOT, SVG and Mermaid. Names and texts of
// the user are made printable here, so that a rendering only adds its own escapes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dsl/plan/plan.h"

namespace fleet::plan {

// "hello v1, flow main", with the parameters that have a value.
std::string title_of(const Plan& plan);

// The first twelve digits; "unsealed" without a hash.
std::string short_hash(const std::string& hash);

// What the step does: "fan-out of f in files(…) to fixer", "merge of fixes into hello/fixed".
std::string action_of(const Plan& plan, const Node& node);

// The edges: "gather.merged and signoff.approved".
std::string after_of(const Plan& plan, const Node& node);

// "fix/{item} in notes/**"; empty when the step's agents write nothing.
std::string branches_of(const Plan& plan, const Node& node);

// "timeout 45min, retry 1, else escalate".
std::string bounds_of(const Node& node);

// For each node the one that follows it on the critical path, and whether it is on that path at
// all.
struct CriticalStep {
  bool on = false;
  std::optional<NodeIndex> next;
};
std::vector<CriticalStep> critical_steps(const Plan& plan);

std::string text_of(const Acceptance& acceptance);
std::string text_of(const std::vector<Acceptance>& accept);

}  // namespace fleet::plan
