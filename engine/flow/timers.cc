#include "engine/flow/timers.h"

#include <algorithm>
#include <chrono>

#include "engine/os/thread.h"

namespace fleet::flow {

Result<std::unique_ptr<Timers>> Timers::start(const os::Clock& clock) {
  std::unique_ptr<Timers> timers(new Timers(clock));
  FLEET_TRY(timers->thread_,
            os::start_thread("timers", [timers = timers.get()] { timers->serve(); }));
  return timers;
}

Timers::~Timers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

void Timers::add(std::int64_t at, std::function<void()> callback) {
  const std::int64_t left = at - clock_.wall().time_since_epoch().count();
  add_in(std::chrono::milliseconds(std::max<std::int64_t>(left, 0)), std::move(callback));
}

void Timers::add_in(std::chrono::milliseconds wait, std::function<void()> callback) {
  const os::MonoTime due{clock_.mono().since_boot + wait};
  {
    const std::lock_guard lock(mutex_);
    pending_.emplace(due, std::move(callback));
  }
  wake_.notify_all();
}

void Timers::serve() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (pending_.empty()) {
      wake_.wait(lock);
      continue;
    }
    const std::chrono::nanoseconds left = pending_.begin()->first - clock_.mono();
    if (left > std::chrono::nanoseconds(0)) {
      wake_.wait_for(lock, left);
      continue;
    }
    const auto callback = std::move(pending_.begin()->second);
    pending_.erase(pending_.begin());
    lock.unlock();
    callback();
    lock.lock();
  }
}

}  // namespace fleet::flow
