// One test: a scenario's run in virtual time, and whether its claims hold. The executor, the core
// and the policies are those of a real run; there is no process, no file and no git. The same plan
// and scenario give the same trial, on every machine.
#pragma once

#include <string>
#include <vector>

#include "dsl/plan/plan.h"
#include "dsl/plan/scenario.h"
#include "engine/simulate/judge.h"

namespace fleet::simulate {

struct Trial {
  std::vector<Judged> claims;    // parallel to Scenario::expect
  std::vector<bool> came_up;     // parallel to Scenario::given: whether it decided anything
  std::vector<Moment> timeline;  // empty unless it was asked for
  plan::Millis took{0};
  plan::Money spent;
  std::string end;  // "the run was done"

  bool passed() const;
};

// Places for processes, so that nothing depends on the machine; `limits` of the fleet may be less.
inline constexpr std::uint32_t kTrialJobs = 64;

// REQUIRES: a validated plan without unbound parameters, and a scenario of it.
Trial run_trial(const plan::Plan& plan, const plan::Scenario& scenario, bool timeline);

}  // namespace fleet::simulate
