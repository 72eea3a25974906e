// What a decision says of who made it, and its signature.
#pragma once

#include <string>

#include "dsl/plan/plan.h"
#include "engine/decide/decision.h"

namespace fleet::cli {

// Of this process, at this moment; about no gate yet.
decide::Decision make_decision(decide::Answer answer, const std::string& why);

// Signs where `human` has a key: with the one in `key_file`, or where that is empty in
// $XDG_CONFIG_HOME/fleetc/decision-key.pem. An error says why it can't be signed so.
Status sign_if_needed(decide::Decision& decision, const plan::Plan& plan, const std::string& human,
                      const std::string& key_file);

}  // namespace fleet::cli
