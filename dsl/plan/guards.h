// What the compiler could not prove and leaves to run time, one sentence a guard, with the place
// that it belongs to: the list of `fleetc check --guards`.
#pragma once

#include <string>
#include <vector>

#include "dsl/plan/plan.h"

namespace fleet::plan {

struct Guard {
  Place place;
  std::string subject;  // "step fixes", "agent fixer"
  std::string text;     // what is checked, when, and what happens otherwise
};

std::vector<Guard> guards(const Plan& plan);

}  // namespace fleet::plan
