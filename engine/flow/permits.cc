#include "engine/flow/permits.h"

namespace fleet::flow {

bool Permits::has_room(const Wish& wish) const {
  if (wish.at_once > 0 && held_.size() >= wish.at_once)
    return false;
  const auto busy = wish.agent.empty() ? busy_.end() : busy_.find(wish.agent);
  return busy == busy_.end() || busy->second == 0;
}

// Takes out of those who wait whoever has room now.
void Permits::grant(std::list<Waiting>& granted) {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (!has_room(it->wish)) {
      ++it;
      continue;
    }
    held_[it->wish.session] = it->wish.agent;
    if (!it->wish.agent.empty())
      ++busy_[it->wish.agent];
    granted.splice(granted.end(), waiting_, it++);
  }
}

void Permits::ask(Wish wish, Then then) {
  std::list<Waiting> granted;
  {
    const std::lock_guard lock(mutex_);
    if (!held_.contains(wish.session)) {
      waiting_.push_back({std::move(wish), std::move(then)});
      grant(granted);
    } else {
      granted.push_back({std::move(wish), std::move(then)});
    }
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
    grant(granted);
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
    grant(granted);
  }
  for (const Waiting& one : granted)
    one.then(true);
}

}  // namespace fleet::flow
