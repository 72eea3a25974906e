// Which of the credentials that an agent was granted is its model's. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dsl/plan/plan.h"

namespace fleet::plan {

bool is_granted(const Agent& agent, const Credential& credential);

// Those that the agent was granted and the engine keeps (`mode = broker`), in the plan's order.
std::vector<const Credential*> kept_for(const Plan& plan, const Agent& agent);

// Of those the ones that a model may be asked with: whose variable is named for a vendor of models,
// or, where there is none, those without `scopes`, which no key of a model has. More than one:
// nobody can tell.
std::vector<const Credential*> model_credentials(const Plan& plan, const Agent& agent);

// "`gh` (scopes contents.write)".
std::string text_of(const Credential& credential);

}  // namespace fleet::plan
