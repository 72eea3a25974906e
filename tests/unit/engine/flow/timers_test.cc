// Backoffs while the clock is set.
#include "engine/flow/timers.h"

#include <atomic>
#include <future>

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::flow;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

namespace {

// The system's, with a time of day that jumps.
class SetClock final : public os::Clock {
 public:
  os::WallTime wall() const override { return os::system_clock().wall() + jump_.load(); }
  os::MonoTime mono() const override { return os::system_clock().mono(); }
  void jump(milliseconds by) { jump_ = by; }

 private:
  std::atomic<milliseconds> jump_{milliseconds(0)};
};

std::int64_t millis(os::WallTime time) {
  return time.time_since_epoch().count();
}

}  // namespace

TEST_CASE("a timer fires after its while, whatever the time of day becomes meanwhile") {
  SetClock clock;
  const auto timers = *Timers::start(clock);
  for (const milliseconds by : {milliseconds(-hours(10)), milliseconds(hours(10))}) {
    clock.jump(milliseconds(0));
    std::promise<os::MonoTime> fired;
    const os::MonoTime begun = clock.mono();
    timers->add(millis(clock.wall()) + 200, [&] { fired.set_value(clock.mono()); });
    clock.jump(by);
    std::future<os::MonoTime> at = fired.get_future();
    REQUIRE(at.wait_for(minutes(2)) == std::future_status::ready);
    // The time of day is in whole milliseconds.
    CHECK(at.get() - begun >= milliseconds(198));
  }
}

TEST_CASE("a timer of the past fires at once, whatever else is waited for") {
  const auto timers = *Timers::start(os::system_clock());
  std::promise<void> fired;
  timers->add_in(hours(1), [] {});
  timers->add(millis(os::system_clock().wall()) - 5'000, [&] { fired.set_value(); });
  CHECK(fired.get_future().wait_for(minutes(2)) == std::future_status::ready);
}

TEST_CASE("what has not fired when the timers go is dropped") {
  bool fired = false;
  {
    const auto timers = *Timers::start(os::system_clock());
    timers->add_in(hours(1), [&] { fired = true; });
  }
  CHECK_FALSE(fired);
}
