// What it saves that agents sleep until something is there for them: against the same agents
// always on, each of which reads its context again at every heartbeat in which it has no work.
// Arithmetic on stated figures, nothing else.
#pragma once

#include <vector>

#include "engine/simulate/days.h"

namespace fleet::simulate {

struct AlwaysOn {
  plan::Millis heartbeat{15 * 60'000};
  std::uint64_t context = 50'000;  // tokens
  plan::Money price{3'000'000};    // of a million tokens read
};

struct Saving {
  AlwaysOn against;
  plan::Money idle;  // what the reading costs: all that is saved
  double share = 0;  // of the cost of always being on, work included; 0 when that is nothing
};

// `agents`: those who would be on. The work is the same either way: as dear, and as much of it.
Saving saving_of(const Days& days, const std::vector<std::string>& agents, const AlwaysOn& against);

// Over heartbeats and contexts, and over a tenth of the price, as a cached read costs.
std::vector<Saving> sensitivity_of(const Days& days, const std::vector<std::string>& agents,
                                   const AlwaysOn& against);

}  // namespace fleet::simulate
