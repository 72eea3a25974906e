// Chance from a seed.
#include "engine/simulate/dice.h"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

namespace fleet::simulate {

TEST_CASE("dice of the same seed fall the same way, of another one otherwise") {
  Dice first(7), same(7), other(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t drawn = first.next();
    CHECK(drawn == same.next());
    differs = differs || drawn != other.next();
  }
  CHECK(differs);
}

TEST_CASE("what one part draws changes no other part") {
  const Dice whole(7);
  Dice first = whole.part(1);
  const std::uint64_t before = whole.part(2).next();
  first.next();
  CHECK(whole.part(2).next() == before);
  CHECK(whole.part(1).next() != before);
}

TEST_CASE("half of what is drawn around a median is below it, and nothing is negative") {
  Dice dice(3);
  std::vector<plan::Millis> drawn;
  for (int i = 0; i < 2001; ++i)
    drawn.push_back(dice.around(plan::Millis(60'000), 0.5));
  std::ranges::sort(drawn);
  CHECK(drawn.front() > plan::Millis(0));
  CHECK(drawn[1000] > plan::Millis(55'000));
  CHECK(drawn[1000] < plan::Millis(65'000));
  // Two thirds within a factor of e^0.5.
  CHECK(drawn[1682] > plan::Millis(90'000));
  CHECK(drawn[1682] < plan::Millis(108'000));
}

TEST_CASE("a duration around nothing is still one") {
  Dice dice(1);
  CHECK(dice.around(plan::Millis(0), 0.5) == plan::Millis(1));
}

}  // namespace fleet::simulate
