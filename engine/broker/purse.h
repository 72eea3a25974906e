// The money of one attempt: what may cost something is reserved at its worst before it is asked
// for, and settled by what it did cost, so that the limit holds whatever the answers are. Pure.
#pragma once

#include <cstdint>
#include <optional>

namespace fleet::broker {

class Purse {
 public:
  // Micro-dollars. No limit: nothing is ever refused. `spent`: by requests before.
  explicit Purse(std::optional<std::int64_t> limit = {}, std::int64_t spent = 0)
      : limit_(limit), spent_(spent) {}

  enum class Answer {
    kGranted,
    kLater,    // what is under way may turn out cheaper than its worst
    kRefused,  // not even then
  };
  Answer reserve(std::int64_t worst) {
    if (limit_ && spent_ + worst > *limit_)
      return Answer::kRefused;
    if (limit_ && spent_ + reserved_ + worst > *limit_)
      return Answer::kLater;
    reserved_ += worst;
    return Answer::kGranted;
  }
  // Of a request that was granted.
  void settle(std::int64_t worst, std::int64_t used) {
    reserved_ -= worst;
    spent_ += used;
  }

  bool is_limited() const { return limit_.has_value(); }
  std::int64_t limit() const { return limit_.value_or(0); }
  std::int64_t spent() const { return spent_; }
  std::int64_t reserved() const { return reserved_; }

 private:
  std::optional<std::int64_t> limit_;
  std::int64_t spent_ = 0;
  std::int64_t reserved_ = 0;
};

}  // namespace fleet::broker
