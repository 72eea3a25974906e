// The worst case of a plan as a sum that a person can check. Rounds of a loop, unrolled in the plan
// as "polish#1.fixes", "polish#2.fixes", …, are one term again when they cost the same, with what
// has the same name outside of the loop; and so are the tasks written inside of `all(…)`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dsl/plan/plan.h"

namespace fleet::plan {

struct WorstRow {
  std::string name;  // of the step, without the round: "fixes"
  std::uint64_t rounds = 1;
  std::uint64_t attempts = 1;
  std::optional<std::uint64_t> items;  // empty: known only when it runs
  std::optional<Money> each;           // empty: no budget
  std::optional<Money> total;          // empty: unknown
};

// "at most $38.00"; a sum that would not fit was cut off at the most that the type holds, and is
// no figure to show.
std::string at_most(Money money);
std::string at_most(std::uint64_t sessions);
bool is_cut_off(Money money);

// In the order of the plan's terms, the terms that cost nothing (runs, merges) left out.
std::vector<WorstRow> worst_rows(const Plan& plan);

// "3 times × 6 items × $1.00", "2 attempts × $3.00", "N items × ?"
std::string factors_of(const WorstRow& row);

// The whole sum on one line: "build 2 × $3.00 + polish.fixes 3 × 6 × $1.00"
std::string worst_sum(const Plan& plan);

}  // namespace fleet::plan
