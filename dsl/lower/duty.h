// What a fleet does without being asked: flows that an event starts, and agents that are always on,
// wake by the clock or by an event. Each time one of them begins it is a run with a plan of its
// own; of an agent that plan is a single step that calls it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dsl/lower/lower.h"
#include "dsl/plan/plan.h"
#include "dsl/sema/model.h"

namespace fleet::lower {

struct Duty {
  std::string name;  // of the flow or the agent
  bool is_flow = false;
  std::size_t index = 0;  // into Model::flows or Model::agents
};

// In order of declaration, flows first.
std::vector<Duty> duties_of(const sema::Model& model);

// The parameter of an agent's plan: what its task is.
inline constexpr const char* kTaskParameter = "task";

// As `lower`, with the same requirements. `escalates`: whether a human is asked when an agent's one
// attempt fails, where the fleet has a way to one; flows say so themselves.
plan::Plan lower_duty(const SourceMap& sources, const sema::Model& model, const Duty& duty,
                      bool escalates, const LowerOptions& options);

}  // namespace fleet::lower
