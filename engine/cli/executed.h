// What a plan asks for and the engine does not carry out: `run` refuses it, by name, so that
// nothing which the compiler accepts is without effect.
#pragma once

#include <string>
#include <vector>

#include "dsl/plan/plan.h"

namespace fleet::cli {

// "run can't carry out `human` yet (ship.fleet:41)", one line a thing, in the order of the plan.
std::vector<std::string> not_executed(const plan::Plan& plan);

}  // namespace fleet::cli
