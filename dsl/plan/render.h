// A plan for people and tools: text, Graphviz DOT, SVG and Mermaid. Deterministic bytes.
#pragma once

#include <string>

#include "dsl/plan/plan.h"

namespace fleet::plan {

// The DAG in order, each fan-out's spawn arithmetic, the worst case term by term, the critical path.
std::string to_text(const Plan& plan);
std::string to_dot(const Plan& plan);
// Layered drawing, laid out by ourselves: no external program.
std::string to_svg(const Plan& plan);
std::string to_mermaid(const Plan& plan);

std::string to_string(Money money);      // "$38.00", "$0.005"
std::string to_string(Millis duration);  // "45min", "1.5s", "300ms", "2h 5min"
std::string to_string(const Template& text);  // holes as {name}
const char* to_string(EdgeKind kind);    // "accepted", "some_accepted", …
const char* to_string(NodeKind kind);

}  // namespace fleet::plan
