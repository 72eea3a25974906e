#include "engine/os/clock.h"

#include <set>

#include <catch2/catch.hpp>

namespace fleet::os {
namespace {

TEST_CASE("the monotonic clock never goes back") {
  MonoTime last = system_clock().mono();
  for (int i = 0; i < 1000; ++i) {
    const MonoTime now = system_clock().mono();
    REQUIRE(now >= last);
    last = now;
  }
}

TEST_CASE("the wall clock shows this century") {
  using namespace std::chrono;
  const auto wall = system_clock().wall();
  CHECK(wall > sys_days{2024y / January / 1});
  CHECK(wall < sys_days{2100y / January / 1});
}

TEST_CASE("random numbers do not repeat") {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i)
    seen.insert(system_random().next());
  CHECK(seen.size() == 1000);
}

}  // namespace
}  // namespace fleet::os
