// What a simulation found, for people and for programs. The same result gives the same bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/simulate/days.h"
#include "engine/simulate/odds.h"
#include "engine/simulate/saving.h"

namespace fleet::cli {

// What was asked for.
struct Simulated {
  std::uint64_t seed = 1;
  simulate::Chances chances;
  std::vector<std::string> left_out;  // of the fleet: what the engine does not carry out either
};

struct SimulatedFleet {
  std::string name;
  simulate::Company company;
  std::vector<std::string> agents;  // that it declares
};

std::string odds_text(const Simulated& asked, const plan::Plan& plan, const simulate::Odds& odds);
std::string odds_json(const Simulated& asked, const plan::Plan& plan, const simulate::Odds& odds);
std::string days_text(const Simulated& asked, const SimulatedFleet& fleet,
                      const simulate::Days& days);
std::string days_json(const Simulated& asked, const SimulatedFleet& fleet,
                      const simulate::Days& days);

// Promises that a flow's runs broke, in words.
std::vector<std::string> broken_by(const plan::Plan& plan, const simulate::Odds& odds);

}  // namespace fleet::cli
