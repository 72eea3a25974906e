// The keys that say when an agent's sessions begin, what they know, and how they end.
#pragma once

#include <optional>
#include <vector>

#include "dsl/sema/body.h"

namespace fleet::sema {

// Each: nullopt when the value was wrong, which was reported.
std::optional<plan::Restart> read_restart(Context& context, const schema::Key& key, Reader& reader);
std::optional<plan::Handoff> read_handoff(Context& context, Reader& reader);
std::optional<Dispatch> read_dispatch(Context& context, Reader& reader);
// `[core@v4, eng@v7]`: F410 for a use without a version, or of another than is declared.
std::optional<std::vector<IdentityUse>> read_identity_uses(Context& context, Scope& scope,
                                                           Reader& reader);

}  // namespace fleet::sema
