// One thread that calls back after a while: backoffs, of which there are few. The while is measured
// from when it was asked for, so that a clock that is set meanwhile makes it neither longer nor
// shorter.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "engine/base/result.h"
#include "engine/os/clock.h"

namespace fleet::flow {

class Timers {
 public:
  static Result<std::unique_ptr<Timers>> start(const os::Clock& clock);
  // Drops what has not fired.
  ~Timers();

  // `at` in ms since 1970; one in the past fires at once. The callback runs on the timers' thread.
  void add(std::int64_t at, std::function<void()> callback);
  void add_in(std::chrono::milliseconds wait, std::function<void()> callback);

 private:
  explicit Timers(const os::Clock& clock) : clock_(clock) {}
  void serve();

  const os::Clock& clock_;
  std::mutex mutex_;                                            // guards the two below
  std::multimap<os::MonoTime, std::function<void()>> pending_;  // by when they are due
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace fleet::flow
