#include "engine/os/clock.h"

#include <sys/random.h>
#include <time.h>

#include <cerrno>

#include "engine/base/check.h"

namespace fleet::os {
namespace {

class SystemClock final : public Clock {
 public:
  WallTime wall() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }

  MonoTime mono() const override {
    timespec now{};
    const int failed = ::clock_gettime(CLOCK_BOOTTIME, &now);
    FLEET_ASSERT(failed == 0, errno);
    return {std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec)};
  }
};

// Straight from the kernel each time: a buffer would be shared with a forked child.
class SystemRandom final : public Random {
 public:
  std::uint64_t next() override {
    std::uint64_t value = 0;
    ssize_t got = 0;
    do {
      got = ::getrandom(&value, sizeof value, 0);
    } while (got < 0 && errno == EINTR);
    FLEET_ASSERT(got == ssize_t{sizeof value}, got, errno);
    return value;
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

Random& system_random() {
  static SystemRandom random;
  return random;
}

}  // namespace fleet::os
