// Chance from a seed: splitmix64, since the distributions of <random> differ between libraries.
#pragma once

#include <cstdint>

#include "dsl/plan/plan.h"

namespace fleet::simulate {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  // In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  bool chance(double probability) { return unit() < probability; }
  // REQUIRES: n > 0.
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  // Lognormal: half of all are below `median`; two thirds are within a factor of e^spread of it.
  double around(double median, double spread);
  plan::Millis around(plan::Millis median, double spread);

  // Dice of their own for the `number`-th part: what one part draws changes no other.
  Dice part(std::uint64_t number) const;

 private:
  std::uint64_t state_;
};

}  // namespace fleet::simulate
