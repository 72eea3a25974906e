// The secrets that a session holds itself: those of `mode = env`, which stand in a variable where
// fleetc was started. They go from there into the session's environment and nowhere else: no event,
// log, brief or command line has them. Pure.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dsl/plan/plan.h"
#include "engine/base/result.h"

namespace fleet::flow {

// What the agent was granted. kInvalid: a variable is not set, or is empty; the message names the
// credential, the variable and who renews it.
Result<std::vector<std::pair<std::string, std::string>>> granted_variables(
    const plan::Plan& plan, const plan::Agent& agent,
    const std::map<std::string, std::string>& environment);

}  // namespace fleet::flow
