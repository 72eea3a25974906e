// Time and chance as things that can be replaced: tests and the simulator pass their own. Nothing
// else in the engine asks the system for the time or for randomness.
#pragma once

#include <chrono>
#include <cstdint>

namespace fleet::os {

// Milliseconds since 1970 UTC; may jump. For records and for people, never for measuring.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
// Never goes back; counts while the machine sleeps too (CLOCK_BOOTTIME). For timeouts and
// durations.
struct MonoTime {
  std::chrono::nanoseconds since_boot{0};
  friend auto operator<=>(MonoTime, MonoTime) = default;
  friend MonoTime operator+(MonoTime time, std::chrono::nanoseconds more) {
    return {time.since_boot + more};
  }
  friend std::chrono::nanoseconds operator-(MonoTime a, MonoTime b) {
    return a.since_boot - b.since_boot;
  }
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual MonoTime mono() const = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
};

// The system's. Thread-safe; live for the whole process.
const Clock& system_clock();
Random& system_random();

}  // namespace fleet::os
