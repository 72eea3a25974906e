#include "engine/simulate/dice.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fleet::simulate {

std::uint64_t Dice::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Box and Muller's normal deviate, exponentiated.
double Dice::around(double median, double spread) {
  const double radius = std::sqrt(-2 * std::log(1 - unit()));
  const double normal = radius * std::cos(2 * std::numbers::pi * unit());
  return median * std::exp(spread * normal);
}

plan::Millis Dice::around(plan::Millis median, double spread) {
  const double drawn = around(static_cast<double>(median.count()), spread);
  return plan::Millis(std::max<std::int64_t>(std::llround(drawn), 1));
}

Dice Dice::part(std::uint64_t number) const {
  Dice seed(state_ ^ (number * 0xd1342543de82ef95));
  return Dice(seed.next());
}

}  // namespace fleet::simulate
