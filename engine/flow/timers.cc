#include "engine/flow/timers.h"

namespace fleet::flow {

Timers::~Timers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Timers::add(std::int64_t at, std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    pending_.emplace(at, std::move(callback));
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
    const std::int64_t left = pending_.begin()->first - clock_.wall().time_since_epoch().count();
    if (left > 0) {
      wake_.wait_for(lock, std::chrono::milliseconds(left));
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
