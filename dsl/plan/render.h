// A plan for people and tools: text, Graphviz DOT, SVG and Mermaid. Deterministic bytes, UTF-8, no
// control characters whatever the user's texts hold. Pure; any thread.
// REQUIRES of each rendering: a plan that `validate` accepts.
#pragma once

#include <string>

#include "dsl/plan/plan.h"

namespace fleet::plan {

// The DAG in order, each fan-out's spawn arithmetic, the worst case term by term, the critical
// path.
std::string to_text(const Plan& plan);
std::string to_dot(const Plan& plan);
// Layered drawing, laid out by ourselves: no external program.
std::string to_svg(const Plan& plan);
std::string to_mermaid(const Plan& plan);

std::string to_string(Money money);  // "$38.00", "$0.005"
std::string to_string(
    Millis duration);  // exact: "45min", "1.5s", "300ms", "2h 5min", "24h", "2d 5h"
std::string to_string(const Template& text);  // holes as {name}, literal braces doubled
const char* to_string(EdgeKind kind);         // "accepted", "some_accepted", …
const char* to_string(NodeKind kind);

}  // namespace fleet::plan
