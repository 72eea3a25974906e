// How many of something were within the last hour, as a limit by the hour counts them: any hour,
// not one by the clock. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "engine/os/clock.h"

namespace fleet::flow {

class HourWindow {
 public:
  void add(os::MonoTime now) {
    while (!times_.empty() && times_.front() + kHour <= now)
      times_.pop_front();
    times_.push_back(now);
  }
  // When one more is within `most` an hour; nullopt: now. REQUIRES: most > 0.
  std::optional<os::MonoTime> next(std::uint32_t most, os::MonoTime now) const {
    if (times_.size() < most)
      return std::nullopt;
    const os::MonoTime free = times_[times_.size() - most] + kHour;
    return free > now ? std::optional(free) : std::nullopt;
  }

 private:
  static constexpr std::chrono::hours kHour{1};
  std::deque<os::MonoTime> times_;
};

}  // namespace fleet::flow
