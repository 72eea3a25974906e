#include "engine/simulate/saving.h"

#include <algorithm>
#include <cmath>

namespace fleet::simulate {

Saving saving_of(const Days& days, const std::vector<std::string>& agents,
                 const AlwaysOn& against) {
  const double whole = static_cast<double>(days.days) * 24 * 3'600'000;
  double beats = 0;
  for (const std::string& name : agents) {
    const auto found = days.agents.find(name);
    const double worked =
        found == days.agents.end() ? 0 : static_cast<double>(found->second.worked.count());
    beats += std::floor(std::max(whole - worked, 0.0) /
                        static_cast<double>(std::max<std::int64_t>(against.heartbeat.count(), 1)));
  }
  const double each =
      static_cast<double>(against.context) * static_cast<double>(against.price.micros) / 1'000'000;
  Saving saving{against, plan::Money{std::llround(beats * each)}, 0};
  // Declared as they are, they read only when they have work, and that is in the work's cost.
  const auto all = static_cast<double>(saving.idle.micros + days.spent().micros);
  saving.share = all > 0 ? static_cast<double>(saving.idle.micros) / all : 0;
  return saving;
}

std::vector<Saving> sensitivity_of(const Days& days, const std::vector<std::string>& agents,
                                   const AlwaysOn& against) {
  std::vector<Saving> all;
  for (const std::int64_t price : {against.price.micros, against.price.micros / 10})
    for (const int minutes : {5, 15, 60})
      for (const std::uint64_t context : {20'000, 50'000, 150'000})
        all.push_back(
            saving_of(days, agents, {plan::Millis(minutes * 60'000), context, plan::Money{price}}));
  return all;
}

}  // namespace fleet::simulate
