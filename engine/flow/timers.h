// One thread that calls back at wall-clock times: backoffs, of which there are few.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "engine/os/clock.h"

namespace fleet::flow {

class Timers {
 public:
  explicit Timers(const os::Clock& clock) : clock_(clock), thread_([this] { serve(); }) {}
  // Drops what has not fired.
  ~Timers();

  // `at` in ms since 1970; one in the past fires at once. The callback runs on the timers' thread.
  void add(std::int64_t at, std::function<void()> callback);
  void add_in(std::chrono::milliseconds wait, std::function<void()> callback) {
    add(clock_.wall().time_since_epoch().count() + wait.count(), std::move(callback));
  }

 private:
  void serve();

  const os::Clock& clock_;
  std::mutex mutex_;  // guards the two below
  std::multimap<std::int64_t, std::function<void()>> pending_;
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace fleet::flow
