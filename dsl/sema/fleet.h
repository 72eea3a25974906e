// The keys of the `fleet` block itself.
#pragma once

#include "dsl/sema/body.h"

namespace fleet::sema {

// `seen` holds the keys that this fleet set so far.
void read_fleet_key(Context& context, Scope& scope, Fleet& fleet, const ast::Assignment& assignment,
                    std::map<std::string, Span>& seen);

}  // namespace fleet::sema
