// Branches, as several checks ask about them.
#pragma once

#include <string>

#include "dsl/checks/claims.h"
#include "dsl/sema/model.h"

namespace fleet::checks {

// Whether the items of a fan-out give different branches.
bool tells_items_apart(const sema::Flow& flow, const sema::Text& branch);

// Whether it has tasks that no step of a flow calls for: it is always on, or wakes by the clock or
// on an event. A role has none.
bool has_own_tasks(const sema::Agent& agent);

// These tasks as a flow of one step with the agent's name: `{task}` is whatever woke it.
// REQUIRES: `agent` is of the model, and has_own_tasks.
sema::Flow standing_flow(const sema::Model& model, const sema::Agent& agent);

// "step `build` claims `task/x` with task = `x`"
std::string claim_text(const Claims& claims, const sema::Flow& flow, const Claim& claim,
                       const Witness& witness, const std::string& branch);

}  // namespace fleet::checks
