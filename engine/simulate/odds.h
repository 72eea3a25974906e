// The many ways in which one flow can go: the same plan by chance, again and again.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "engine/simulate/chance_run.h"

namespace fleet::simulate {

struct Odds {
  std::vector<plan::Millis> took;           // sorted
  std::vector<plan::Money> spent;           // sorted
  std::map<std::string, std::size_t> ends;  // in words
  std::map<Fault, std::map<Became, std::size_t>> struck;
  std::map<std::string, plan::Money> by_agent;
  std::size_t asked = 0;        // questions to humans
  std::size_t never_ended = 0;  // and no human is asked
  std::size_t over_worst = 0;   // runs that cost more than the plan's worst case
};

// The i-th run has dice of its own, so that more runs change none of the earlier ones.
Odds odds_of(const plan::Plan& plan, const Chances& chances, std::uint64_t seed, std::size_t runs);

// What a share of all is at most. REQUIRES: sorted, not empty, 0 <= share <= 1.
template <class T>
T quantile(const std::vector<T>& sorted, double share) {
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(share * last + 0.5)];
}

}  // namespace fleet::simulate
