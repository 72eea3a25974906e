// The arithmetic of what sleeping saves.
#include "engine/simulate/saving.h"

#include <catch2/catch.hpp>

namespace fleet::simulate {
namespace {

// Two agents over one day: one worked for six hours, one never.
Days a_day() {
  Days days;
  days.days = 1;
  days.agents["dev"].worked = plan::Millis(6 * 3'600'000);
  days.by_day[0] = plan::Money{10'000'000};
  return days;
}

const std::vector<std::string> kBoth{"dev", "lead"};
const AlwaysOn kHourly{plan::Millis(3'600'000), 100'000, plan::Money{1'000'000}};

}  // namespace

TEST_CASE("who is always on reads its context at each heartbeat without work, and pays for that") {
  // 18 and 24 heartbeats of $0.10.
  const Saving saving = saving_of(a_day(), kBoth, kHourly);
  CHECK(saving.idle == plan::Money{4'200'000});
  CHECK(saving.share == Approx(4.2 / 14.2));
}

TEST_CASE("a fleet that costs nothing either way saves nothing") {
  CHECK(saving_of(Days(), {}, kHourly).share == 0);
}

TEST_CASE(
    "a shorter heartbeat, a larger context and a higher price each make sleeping worth more") {
  const auto all = sensitivity_of(a_day(), kBoth, kHourly);
  REQUIRE(all.size() == 18);
  for (const Saving& one : all)
    for (const Saving& other : all)
      if (one.against.heartbeat <= other.against.heartbeat &&
          one.against.context >= other.against.context && one.against.price >= other.against.price)
        CHECK(one.idle >= other.idle);
}

}  // namespace fleet::simulate
