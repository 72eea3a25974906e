// One budget: of an attempt, a run or a day. What may cost something is reserved at its worst
// before it is asked for, and settled by what it did cost, so that the limit holds whatever the
// answers are. Thread-safe: runs of one fleet share its day's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace fleet::broker {

class Purse {
 public:
  // `whose`: "this attempt", for whoever is refused. Micro-dollars. No limit: nothing is ever
  // refused. `spent`: by requests before.
  explicit Purse(std::string whose, std::optional<std::int64_t> limit = {}, std::int64_t spent = 0)
      : whose_(std::move(whose)), limit_(limit), spent_(spent) {}
  Purse(const Purse&) = delete;
  Purse& operator=(const Purse&) = delete;

  enum class Answer {
    kGranted,
    kLater,    // what is under way may turn out cheaper than its worst
    kRefused,  // not even then
  };
  // kLater: `again` is called once something is settled, on whichever thread that happens; it must
  // not block, nor come back here. `owner` can take it back.
  Answer reserve(std::int64_t worst, const void* owner, std::function<void()> again);
  // Of a request that was granted.
  void settle(std::int64_t worst, std::int64_t used);
  // What was spent past any reservation.
  void charge(std::int64_t used) { settle(0, used); }
  // For what is reserved from now on.
  void limit_to(std::optional<std::int64_t> limit);
  // Another day: what was spent counts no more, what is under way counts when it is settled.
  void begin_anew();
  // None of its waiting calls is made any more.
  void forget(const void* owner);

  const std::string& whose() const { return whose_; }
  std::optional<std::int64_t> limit() const;
  std::int64_t spent() const;
  std::int64_t reserved() const;

 private:
  void wake();

  const std::string whose_;
  mutable std::mutex mutex_;  // guards the rest
  std::optional<std::int64_t> limit_;
  std::int64_t spent_ = 0;
  std::int64_t reserved_ = 0;
  std::multimap<const void*, std::function<void()>> waiting_;
};

// All that a session spends from at once.
using Purses = std::vector<std::shared_ptr<Purse>>;

// From all or from none. `by`: whose answer it is, where it is not kGranted.
Purse::Answer reserve_from(const Purses& purses, std::int64_t worst, const void* owner,
                           const std::function<void()>& again, const Purse*& by);
void settle_in(const Purses& purses, std::int64_t worst, std::int64_t used);

}  // namespace fleet::broker
