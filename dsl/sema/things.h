// The declarations that agents refer to and that do no work themselves: humans, credentials,
// identity documents.
#pragma once

#include "dsl/sema/body.h"

namespace fleet::sema {

Human read_human(Context& context, const ast::Block& block);
Credential read_credential(Context& context, Scope& scope, const ast::Block& block);
Identity read_identity(Context& context, Scope& scope, const ast::Block& block);

// F412 for documents each of which is to be read after the other; one report a cycle.
void check_reading_order(Context& context);

// `[a, b]`, or one name alone: each resolved as one of `wanted`; nullopt: reported.
std::optional<std::vector<At<std::size_t>>> read_names(Context& context, Scope& scope,
                                                       Reader& reader,
                                                       const std::vector<Symbol::Kind>& wanted,
                                                       const std::string& form);

}  // namespace fleet::sema
