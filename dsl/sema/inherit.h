// Inheritance: each role and agent with all its layers, defaults < role < … < agent.
#pragma once

#include <optional>
#include <vector>

#include "dsl/sema/scope.h"

namespace fleet::sema {

// What an agent says itself, and whose contract it amends.
struct Lineage {
  Contract own;
  std::optional<std::size_t> base;  // into Model::agents
};

// Fills the contract of every agent of the model. `lineage` is parallel to the model's agents.
// Bases that form a cycle are reported once (F102) and their members marked broken.
void resolve_contracts(Context& context, const std::vector<Lineage>& lineage,
                       const Contract& defaults);

}  // namespace fleet::sema
