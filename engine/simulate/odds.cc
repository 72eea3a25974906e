#include "engine/simulate/odds.h"

#include <algorithm>

#include <fmt/format.h>

namespace fleet::simulate {

namespace {

// 2030-01-01, so that {date} is the same each time.
constexpr std::int64_t kFlowBegin = 21'915LL * 24 * 3'600'000;

}  // namespace

Odds odds_of(const plan::Plan& plan, const Chances& chances, std::uint64_t seed, std::size_t runs) {
  Odds odds;
  const Dice dice(seed);
  for (std::size_t i = 0; i < runs; ++i) {
    const ChanceRun run =
        run_by_chance(plan, chances, kFlowBegin, fmt::format("simulated-{}", i), dice.part(i + 1));
    odds.took.push_back(run.took());
    odds.spent.push_back(run.money());
    ++odds.ends[run.end];
    for (const StruckBy& one : run.struck)
      ++odds.struck[one.fault][one.became];
    for (const Spent& one : run.spent)
      odds.by_agent[one.agent].micros += one.money.micros;
    odds.asked += run.questions.size();
    odds.never_ended += !run.outcome && !run.has_path ? 1 : 0;
    odds.over_worst += plan.worst.money && run.money() > *plan.worst.money ? 1 : 0;
  }
  std::ranges::sort(odds.took);
  std::ranges::sort(odds.spent);
  return odds;
}

}  // namespace fleet::simulate
