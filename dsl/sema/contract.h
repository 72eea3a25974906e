// Reads the keys of a role, an agent or `defaults`, and lays layers over each other.
#pragma once

#include <string>
#include <vector>

#include "dsl/sema/body.h"

namespace fleet::sema {

// One body's own keys. Runtimes written in place are added to the model.
Contract read_contract(Context& context, Scope& scope, const ast::Block& block, Layer layer,
                       const std::string& owner);

// What `accept` holds. nullopt: reported.
std::optional<std::vector<Acceptance>> read_acceptances(Context& context, Reader& reader);

// `layer` over `base`: keys that it sets replace or, written with `+=`, add. Origins are kept.
void lay_over(Contract& base, const Contract& layer);

}  // namespace fleet::sema
