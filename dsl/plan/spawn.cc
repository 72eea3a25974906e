#include "dsl/plan/spawn.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <queue>
#include <tuple>

#include <fmt/format.h>

#include "dsl/plan/render.h"

namespace fleet::plan {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

// Saturating, so that absurd figures ("4000d" for a million items) stay comparable instead of
// wrapping.
std::int64_t add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kMost : sum;
}

std::int64_t multiply(std::uint64_t count, std::int64_t each) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(count, each, &product) ? kMost : product;
}

std::uint64_t ceil_divide(std::uint64_t a, std::uint64_t b) {
  return a / b + (a % b != 0 ? 1 : 0);
}

// The items of a question with their predicted times, negative predictions read as none.
class Work {
 public:
  explicit Work(const SpawnQuestion& question) : items_(question.items) {
    each_.reserve(question.each.size());
    for (const Millis t : question.each) {
      each_.push_back(std::max<std::int64_t>(t.count(), 0));
    }
    if (std::equal(each_.begin() + 1, each_.end(), each_.begin())) {
      each_.resize(1);
    } else {
      order_.resize(items_);
      std::iota(order_.begin(), order_.end(), std::uint64_t{0});
      std::stable_sort(order_.begin(), order_.end(),
                       [this](auto a, auto b) { return each_[a] > each_[b]; });
    }
  }

  bool equal() const { return each_.size() == 1; }
  std::int64_t time(std::uint64_t item) const { return equal() ? each_[0] : each_[item]; }
  std::int64_t total() const {
    return equal() ? multiply(items_, each_[0])
                   : std::accumulate(each_.begin(), each_.end(), std::int64_t{0}, add);
  }

  // The longest share when `sessions` serve the items, by longest-processing-time-first: at most
  // 4/3 of the best possible, and exactly the best when all times are equal. Stops early, with some
  // value above `bound`, once the answer is known to exceed it.
  std::int64_t longest(std::uint64_t sessions, std::int64_t bound = kMost) const {
    if (equal()) {
      return multiply(ceil_divide(items_, sessions), each_[0]);
    }
    std::int64_t most = 0;
    assign(sessions, [&](std::uint64_t, std::uint64_t, std::int64_t load) {
      most = std::max(most, load);
      return most <= bound;
    });
    return most;
  }

  // The fewest sessions whose longest share is no longer than that of `most` sessions. A binary
  // search is sound because without precedence between items one more session never lengthens a
  // list schedule (the sorted loads of k+1 sessions are dominated by those of k, item by item).
  std::uint64_t fewest(std::uint64_t most) const {
    if (equal()) {
      return each_[0] == 0 ? 1 : ceil_divide(items_, ceil_divide(items_, most));
    }
    const std::int64_t best = longest(most);
    std::uint64_t low = 1;
    std::uint64_t high = most;
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      if (longest(middle, best) <= best) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  std::vector<std::vector<std::uint64_t>> shares(std::uint64_t sessions) const {
    std::vector<std::vector<std::uint64_t>> result(sessions);
    if (equal()) {
      for (std::uint64_t item = 0; item < items_; ++item) {
        result[item % sessions].push_back(item);
      }
      return result;
    }
    std::vector<std::int64_t> loads(sessions, 0);
    assign(sessions, [&](std::uint64_t item, std::uint64_t session, std::int64_t load) {
      result[session].push_back(item);
      loads[session] = load;
      return true;
    });
    std::vector<std::uint64_t> by_load(sessions);
    std::iota(by_load.begin(), by_load.end(), std::uint64_t{0});
    std::stable_sort(by_load.begin(), by_load.end(),
                     [&](auto a, auto b) { return loads[a] > loads[b]; });
    std::vector<std::vector<std::uint64_t>> sorted;
    sorted.reserve(sessions);
    for (const std::uint64_t session : by_load) {
      sorted.push_back(std::move(result[session]));
    }
    return sorted;
  }

 private:
  // Gives each item, longest first, to the least loaded session; `visit(item, session, load)` may
  // return false to stop. The count of items breaks ties, so that no session stays empty while
  // there are as many items as sessions, even when items take no time.
  template <class Visit>
  void assign(std::uint64_t sessions, Visit visit) const {
    using Slot = std::tuple<std::int64_t, std::uint64_t, std::uint64_t>;  // load, items, session
    std::vector<Slot> slots;
    slots.reserve(sessions);
    for (std::uint64_t session = 0; session < sessions; ++session) {
      slots.emplace_back(0, 0, session);
    }
    std::priority_queue<Slot, std::vector<Slot>, std::greater<>> free({}, std::move(slots));
    for (const std::uint64_t item : order_) {
      const auto [load, count, session] = free.top();
      free.pop();
      const std::int64_t grown = add(load, each_[item]);
      if (!visit(item, session, grown)) {
        return;
      }
      free.emplace(grown, count + 1, session);
    }
  }

  std::uint64_t items_;
  std::vector<std::int64_t> each_;    // one entry when all are equal
  std::vector<std::uint64_t> order_;  // longest first; empty when all are equal
};

const char* source_note(Figure figure) {
  switch (figure) {
    case Figure::kDeclared: return "";
    case Figure::kMeasured: return " (measured)";
    case Figure::kAssumed: return " (assumed)";
  }
  return "";
}

std::string sessions_text(std::uint64_t sessions, std::uint64_t items) {
  if (sessions == 1) {
    return items == 1 ? "1 session" : fmt::format("1 session serves all {}", items);
  }
  return fmt::format("{} sessions", sessions);
}

// The left side of the rule, written out: "40 × 2s − 5 × 2s = 1min 10s".
std::string saving_text(const Work& work, const SpawnQuestion& question, std::uint64_t widest,
                        Millis saved) {
  if (work.equal()) {
    const std::string t = to_string(Millis{work.time(0)});
    return fmt::format("{} × {}{} − {} × {} = {}", question.items, t,
                       source_note(question.each_from), ceil_divide(question.items, widest), t,
                       to_string(saved));
  }
  const std::int64_t total = work.total();
  return fmt::format("{} items of {} in all{} − longest share {} = {}", question.items,
                     to_string(Millis{total}), source_note(question.each_from),
                     to_string(Millis{total - saved.count()}), to_string(saved));
}

std::string arithmetic_of(const Work& work, const SpawnQuestion& question,
                          const SpawnDecision& decision, std::uint64_t widest) {
  const std::string outcome = sessions_text(decision.sessions, question.items);
  if (widest == 1) {
    const char* why = question.items == 1 ? "1 item" : "width 1";
    return fmt::format("{}: {}", why, outcome);
  }
  std::string line = fmt::format("{} {} {}{}", saving_text(work, question, widest, decision.saved),
                                 decision.pays ? ">" : "≤", to_string(question.spawn),
                                 source_note(question.spawn_from));
  if (decision.forced) {
    line += fmt::format(", forced {}", question.force == Force::kInline ? "inline" : "parallel");
  }
  line += ": " + outcome;
  if (decision.sessions > 1 && decision.sessions < widest) {
    line += fmt::format(" (as fast as {})", widest);
  }
  if (decision.extra && decision.sessions > 1) {
    line += fmt::format(", {} more cold start{} for {}", decision.sessions - 1,
                        decision.sessions == 2 ? "" : "s", to_string(*decision.extra));
  }
  return line;
}

std::uint64_t sessions_for(const Work& work, Force force, bool pays, std::uint64_t widest) {
  if (force == Force::kInline || (force == Force::kNone && !pays)) {
    return 1;
  }
  const std::uint64_t fewest = work.fewest(widest);
  // Items predicted to take no time make every width a tie; "force parallel" still means parallel.
  return force == Force::kParallel && fewest == 1 ? widest : fewest;
}

void require_contract(const SpawnQuestion& question) {
  const std::size_t times = question.each.size();
  if (question.width >= 1 && (times == 1 || (times > 0 && times == question.items))) {
    return;
  }
  std::fprintf(stderr, "decide_spawn: %zu times for %llu items at width %u\n", times,
               static_cast<unsigned long long>(question.items), question.width);
  std::abort();
}

}  // namespace

SpawnDecision decide_spawn(const SpawnQuestion& question) {
  SpawnDecision decision;
  if (question.items == 0) {
    decision.sessions = 0;
    decision.arithmetic = "no items: no session";
    return decision;
  }
  require_contract(question);
  const Work work(question);
  const std::uint64_t widest = std::min<std::uint64_t>(question.width, question.items);
  const std::int64_t spawn = std::max<std::int64_t>(question.spawn.count(), 0);
  const std::int64_t total = work.total();

  decision.saved = Millis{total - work.longest(widest)};
  decision.pays = decision.saved.count() > spawn;
  decision.forced = question.force != Force::kNone;
  const std::uint64_t sessions = sessions_for(work, question.force, decision.pays, widest);
  decision.sessions = static_cast<std::uint32_t>(sessions);
  decision.verdict = sessions == 1                ? SpawnVerdict::kInline
                     : sessions == question.items ? SpawnVerdict::kParallel
                                                  : SpawnVerdict::kBatched;
  decision.sequential = Millis{add(spawn, total)};
  decision.chosen = Millis{add(spawn, work.longest(sessions))};
  if (question.session_cost) {
    decision.extra = Money{multiply(sessions - 1, question.session_cost->micros)};
  }
  decision.shares = work.shares(sessions);
  decision.arithmetic = arithmetic_of(work, question, decision, widest);
  return decision;
}

// With m = floor(s/t) + 1, the rule is N - ceil(N/W) >= m. Of every W consecutive items all but the
// first add one to the left side, so the m-th gain comes with item m + ceil(m / (W-1)).
std::optional<std::uint64_t> break_even(Millis each, Millis spawn, std::uint32_t width) {
  if (width <= 1 || each.count() <= 0) {
    return std::nullopt;
  }
  const auto cost = static_cast<std::uint64_t>(std::max<std::int64_t>(spawn.count(), 0));
  const std::uint64_t gains = cost / static_cast<std::uint64_t>(each.count()) + 1;
  std::uint64_t items = 0;
  if (__builtin_add_overflow(gains, ceil_divide(gains, width - 1), &items)) {
    return std::nullopt;
  }
  return items;
}

}  // namespace fleet::plan
