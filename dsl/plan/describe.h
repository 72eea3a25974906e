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

// Whether one edge of such a node's `after` is enough.
bool is_disjunction(NodeKind kind);

// What the step does: "fan-out of f in files(…) to fixer", "merge of fixes into hello/fixed".
std::string action_of(const Plan& plan, const Node& node);

// The edges: "gather.merged and signoff.approved".
std::string after_of(const Plan& plan, const Node& node);

// "fix/{item} in notes/**"; empty when the step's agents write nothing.
std::string branches_of(const Plan& plan, const Node& node);

// "timeout 45min, retry 1, else escalate to lead -> founder within 1h".
std::string bounds_of(const Plan& plan, const Node& node);

// "lead -> founder within 1h"
std::string text_of(const Escalation& escalation);

// "pr.opened", "task.backend", "file(\"docs/**\")"
std::string text_of(const Event& event);

// "commits, decisions", made printable.
std::string list_text(const std::vector<std::string>& list);

// "2031-03-01"
std::string date_text(std::int64_t days);

// "at the commit of build", "at the commit that verdict reviewed"; empty: at the base.
std::string start_of(const Plan& plan, const Node& node);

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
