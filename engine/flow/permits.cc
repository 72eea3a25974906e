#include "engine/flow/permits.h"

#include <algorithm>

namespace fleet::flow {

void Permits::use_clock(const os::Clock& clock, Later later) {
  const std::lock_guard lock(mutex_);
  clock_ = &clock;
  later_ = std::move(later);
}

bool Permits::has_room(const Wish& wish) const {
  if (held_.contains(wish.session))
    return true;
  if (wish.at_once > 0 && held_.size() >= wish.at_once)
    return false;
  const auto busy = wish.agent.empty() ? busy_.end() : busy_.find(wish.agent);
  return busy == busy_.end() || busy->second == 0;
}

std::optional<os::MonoTime> Permits::next_start(const Wish& wish) const {
  if (wish.an_hour == 0 || clock_ == nullptr)
    return std::nullopt;
  return starts_.next(wish.an_hour, clock_->mono());
}

void Permits::take(const Wish& wish) {
  if (held_.emplace(wish.session, wish.agent).second && !wish.agent.empty())
    ++busy_[wish.agent];
  if (clock_ != nullptr)
    starts_.add(clock_->mono());
}

std::list<Permits::Waiting> Permits::grant() {
  std::list<Waiting> granted;
  std::optional<os::MonoTime> next;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto here = it++;
    if (!has_room(here->wish))
      continue;
    if (const auto free = next_start(here->wish)) {
      next = std::min(next.value_or(*free), *free);
      continue;
    }
    take(here->wish);
    granted.splice(granted.end(), waiting_, here);
  }
  if (next && (!looks_at_ || *next < *looks_at_)) {
    looks_at_ = next;
    // A moment later, so that it is over by then.
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*next - clock_->mono());
    later_(wait + std::chrono::milliseconds(1), [this] { look(); });
  }
  return granted;
}

void Permits::look() {
  std::list<Waiting> granted;
  {
    const std::lock_guard lock(mutex_);
    looks_at_.reset();
    granted = grant();
  }
  for (const Waiting& one : granted)
    one.then(true);
}

void Permits::ask(Wish wish, Then then) {
  std::list<Waiting> granted;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(wish), std::move(then)});
    granted = grant();
  }
  for (const Waiting& one : granted)
    one.then(true);
}

void Permits::hold(const Wish& wish) {
  const std::lock_guard lock(mutex_);
  if (held_.emplace(wish.session, wish.agent).second && !wish.agent.empty())
    ++busy_[wish.agent];
}

void Permits::give_back(const Session& session) {
  std::list<Waiting> granted;
  {
    const std::lock_guard lock(mutex_);
    const auto it = held_.find(session);
    if (it == held_.end())
      return;
    if (!it->second.empty())
      --busy_[it->second];
    held_.erase(it);
    granted = grant();
  }
  for (const Waiting& one : granted)
    one.then(true);
}

void Permits::drop(const std::string& run) {
  std::list<Waiting> dropped;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      const auto here = it++;
      if (here->wish.session.run == run)
        dropped.splice(dropped.end(), waiting_, here);
    }
  }
  for (const Waiting& one : dropped)
    one.then(false);
}

void Permits::forget(const std::string& run) {
  drop(run);
  std::list<Waiting> granted;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = held_.lower_bound({run, 0}); it != held_.end() && it->first.run == run;) {
      if (!it->second.empty())
        --busy_[it->second];
      it = held_.erase(it);
    }
    granted = grant();
  }
  for (const Waiting& one : granted)
    one.then(true);
}

}  // namespace fleet::flow
