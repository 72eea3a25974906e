#include "engine/broker/purse.h"

#include <algorithm>
#include <utility>

namespace fleet::broker {
namespace {

// More than all the money there is; with what is under way it stays in range.
constexpr std::int64_t kMostSpent = std::int64_t{1} << 61;

}  // namespace

Purse::Answer Purse::reserve(std::int64_t worst, const void* owner, std::function<void()> again) {
  const std::lock_guard lock(mutex_);
  if (limit_ && spent_ + worst > *limit_)
    return Answer::kRefused;
  if (limit_ && spent_ + reserved_ + worst > *limit_) {
    waiting_.emplace(owner, std::move(again));
    return Answer::kLater;
  }
  reserved_ += worst;
  return Answer::kGranted;
}

void Purse::settle(std::int64_t worst, std::int64_t used) {
  const std::lock_guard lock(mutex_);
  reserved_ -= worst;
  spent_ = std::min(std::min(spent_, kMostSpent) + std::min(used, kMostSpent), kMostSpent);
  wake();
}

void Purse::limit_to(std::optional<std::int64_t> limit) {
  const std::lock_guard lock(mutex_);
  limit_ = limit;
  wake();
}

void Purse::begin_anew() {
  const std::lock_guard lock(mutex_);
  spent_ = 0;
  wake();
}

// REQUIRES: the lock is held, so that whoever was forgotten is not called.
void Purse::wake() {
  for (const auto& [owner, again] : std::exchange(waiting_, {}))
    again();
}

void Purse::forget(const void* owner) {
  const std::lock_guard lock(mutex_);
  waiting_.erase(owner);
}

std::optional<std::int64_t> Purse::limit() const {
  const std::lock_guard lock(mutex_);
  return limit_;
}

std::int64_t Purse::spent() const {
  const std::lock_guard lock(mutex_);
  return spent_;
}

std::int64_t Purse::reserved() const {
  const std::lock_guard lock(mutex_);
  return reserved_;
}

Purse::Answer reserve_from(const Purses& purses, std::int64_t worst, const void* owner,
                           const std::function<void()>& again, const Purse*& by) {
  for (std::size_t i = 0; i < purses.size(); ++i) {
    const Purse::Answer answer = purses[i]->reserve(worst, owner, again);
    if (answer == Purse::Answer::kGranted)
      continue;
    by = purses[i].get();
    for (std::size_t before = 0; before < i; ++before)
      purses[before]->settle(worst, 0);
    return answer;
  }
  return Purse::Answer::kGranted;
}

void settle_in(const Purses& purses, std::int64_t worst, std::int64_t used) {
  for (const std::shared_ptr<Purse>& purse : purses)
    purse->settle(worst, used);
}

}  // namespace fleet::broker
