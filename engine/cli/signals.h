// SIGINT, SIGTERM and SIGHUP as calls on a thread of their own.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace fleet::cli {

// A reader that left shows as an error of the write.
void ignore_broken_pipes();

// Blocks the three signals in this thread, and so in all that it starts later: call it before any
// thread is made, and only in a command that listens to them.
void block_stop_signals();

// Calls `on_signal(number, count)` for each, count from 1. Destroying it ends the thread.
class SignalWatch {
 public:
  using OnSignal = std::function<void(int number, int count)>;
  static Result<std::unique_ptr<SignalWatch>> start(OnSignal on_signal);
  ~SignalWatch();

 private:
  SignalWatch() = default;
  void listen(const OnSignal& on_signal);

  UniqueFd signals_;
  UniqueFd stop_;
  std::thread thread_;
};

}  // namespace fleet::cli
