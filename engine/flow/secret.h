// The text of a credential that the engine keeps: read where the fleet says it is, given to the
// broker, and to nobody else. Threads: any.
#pragma once

#include <chrono>
#include <string>

#include "dsl/plan/plan.h"
#include "engine/base/result.h"
#include "engine/flow/own_command.h"
#include "engine/flow/site.h"

namespace fleet::flow {

// Blocks for as long as a command takes, at most `patience`; one that takes longer is killed.
// kInvalid: it is not there; the message says who renews it, and nothing of what was read.
Result<std::string> read_secret(const plan::Credential& credential, const Site& site,
                                std::chrono::milliseconds patience = kPatience);

// Of `from = file("…")`: where that is. A path is relative to the user's checkout; `~` is their
// home.
std::string secret_path(const plan::Credential& credential, const Site& site);

}  // namespace fleet::flow
