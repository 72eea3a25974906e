#include "dsl/plan/spawn.h"

#include <rapidcheck.h>

#include <algorithm>
#include <limits>

#include <catch2/catch.hpp>

namespace fleet::plan {
namespace {

std::int64_t number(std::int64_t low, std::int64_t high) {
  return *rc::gen::inRange<std::int64_t>(low, high + 1);
}

SpawnQuestion any_question(std::int64_t most_items) {
  SpawnQuestion question;
  question.items = static_cast<std::uint64_t>(number(1, most_items));
  const bool equal = number(0, 1) == 0;
  const std::uint64_t times = equal ? 1 : question.items;
  for (std::uint64_t i = 0; i < times; ++i) {
    question.each.emplace_back(number(0, 20));
  }
  question.spawn = Millis{number(0, 60)};
  question.width = static_cast<std::uint32_t>(number(1, 8));
  return question;
}

Millis time_of(const SpawnQuestion& question, std::uint64_t item) {
  return question.each.size() == 1 ? question.each[0] : question.each[item];
}

bool all_equal(const SpawnQuestion& question) {
  return std::all_of(question.each.begin(), question.each.end(),
                     [&](Millis t) { return t == question.each[0]; });
}

// The shortest possible longest share over `sessions` sessions: tries every assignment.
Millis brute_force(const SpawnQuestion& question, std::vector<Millis> loads, std::uint64_t item) {
  if (item == question.items) {
    return *std::max_element(loads.begin(), loads.end());
  }
  Millis best = Millis::max();
  for (Millis& load : loads) {
    load += time_of(question, item);
    best = std::min(best, brute_force(question, loads, item + 1));
    load -= time_of(question, item);
  }
  return best;
}

Millis longest_share(const SpawnQuestion& question, const SpawnDecision& decision) {
  Millis longest{0};
  for (const auto& share : decision.shares) {
    Millis load{0};
    for (const std::uint64_t item : share) {
      load += time_of(question, item);
    }
    longest = std::max(longest, load);
  }
  return longest;
}

// List scheduling, longest first, written the slow and obvious way.
Millis naive_list_schedule(const SpawnQuestion& question, std::uint64_t sessions) {
  std::vector<Millis> times;
  for (std::uint64_t i = 0; i < question.items; ++i) {
    times.push_back(time_of(question, i));
  }
  std::sort(times.rbegin(), times.rend());
  std::vector<Millis> loads(sessions, Millis{0});
  for (const Millis t : times) {
    *std::min_element(loads.begin(), loads.end()) += t;
  }
  return *std::max_element(loads.begin(), loads.end());
}

bool rule(std::uint64_t items, Millis each, Millis spawn, std::uint32_t width) {
  const std::uint64_t rounds = (items + width - 1) / width;
  return static_cast<std::int64_t>(items - rounds) * each > spawn;
}

}  // namespace

TEST_CASE("shares partition the items, none is empty, and the longest comes first") {
  CHECK(rc::check([] {
    SpawnQuestion question = any_question(40);
    question.force = static_cast<Force>(number(0, 2));
    const SpawnDecision decision = decide_spawn(question);
    RC_ASSERT(decision.shares.size() == decision.sessions);
    std::vector<std::uint64_t> seen;
    Millis before = Millis::max();
    for (const auto& share : decision.shares) {
      RC_ASSERT(!share.empty());
      Millis load{0};
      for (const std::uint64_t item : share) {
        load += time_of(question, item);
      }
      RC_ASSERT(load <= before);
      before = load;
      seen.insert(seen.end(), share.begin(), share.end());
    }
    std::sort(seen.begin(), seen.end());
    RC_ASSERT(seen.size() == question.items);
    for (std::uint64_t i = 0; i < question.items; ++i) {
      RC_ASSERT(seen[i] == i);
    }
  }));
}

TEST_CASE("the predicted makespan is the spawn cost and the longest share") {
  CHECK(rc::check([] {
    const SpawnQuestion question = any_question(40);
    const SpawnDecision decision = decide_spawn(question);
    RC_ASSERT(decision.chosen == question.spawn + longest_share(question, decision));
    RC_ASSERT(decision.sessions <= question.width);
    RC_ASSERT(decision.chosen <= decision.sequential);
    RC_ASSERT(decision.pays == (decision.saved > question.spawn));
    RC_ASSERT(decision.pays || decision.sessions == 1);
  }));
}

TEST_CASE("with width for every item the rule is (N-1)*t > s") {
  CHECK(rc::check([] {
    SpawnQuestion question = any_question(30);
    question.each.resize(1);
    question.width = static_cast<std::uint32_t>(question.items) + 2;
    const bool expected =
        static_cast<std::int64_t>(question.items - 1) * question.each[0] > question.spawn;
    const SpawnDecision decision = decide_spawn(question);
    RC_ASSERT(decision.pays == expected);
    RC_ASSERT((decision.sessions > 1) == expected);
  }));
}

TEST_CASE("with equal times the rule is N*t - ceil(N/W)*t > s") {
  CHECK(rc::check([] {
    SpawnQuestion question = any_question(60);
    question.each.resize(1);
    RC_ASSERT(decide_spawn(question).pays ==
              rule(question.items, question.each[0], question.spawn, question.width));
  }));
}

TEST_CASE("once it pays, no assignment is faster with equal times, nor by over a third otherwise") {
  CHECK(rc::check([] {
    SpawnQuestion question = any_question(7);
    question.width = std::min(question.width, 4u);
    question.spawn = Millis{0};
    const SpawnDecision decision = decide_spawn(question);
    if (!decision.pays) {
      return;
    }
    const std::uint64_t widest = std::min<std::uint64_t>(question.width, question.items);
    const Millis best = brute_force(question, std::vector<Millis>(widest, Millis{0}), 0);
    RC_ASSERT(decision.chosen >= best);
    if (all_equal(question)) {
      RC_ASSERT(decision.chosen == best);
    }
    RC_ASSERT(3 * decision.chosen <= 4 * best);
  }));
}

TEST_CASE("no number of sessions is faster, and fewer ones are slower") {
  CHECK(rc::check([] {
    SpawnQuestion question = any_question(25);
    question.spawn = Millis{0};
    const SpawnDecision decision = decide_spawn(question);
    if (!decision.pays) {
      return;
    }
    const std::uint64_t widest = std::min<std::uint64_t>(question.width, question.items);
    for (std::uint64_t sessions = 1; sessions <= widest; ++sessions) {
      const Millis longest = naive_list_schedule(question, sessions);
      RC_ASSERT(decision.chosen <= longest);
      RC_ASSERT(sessions >= decision.sessions || decision.chosen < longest);
    }
  }));
}

TEST_CASE("equal times given one by one decide like one time for all") {
  CHECK(rc::check([] {
    SpawnQuestion once = any_question(30);
    once.each.resize(1);
    SpawnQuestion listed = once;
    listed.each.assign(once.items, once.each[0]);
    const SpawnDecision a = decide_spawn(once);
    const SpawnDecision b = decide_spawn(listed);
    RC_ASSERT(a.shares == b.shares);
    RC_ASSERT(a.arithmetic == b.arithmetic);
  }));
}

TEST_CASE("the verdict names the number of sessions") {
  CHECK(rc::check([] {
    SpawnQuestion question = any_question(10);
    question.force = static_cast<Force>(number(0, 2));
    const SpawnDecision decision = decide_spawn(question);
    const SpawnVerdict expected = decision.sessions == 1                ? SpawnVerdict::kInline
                                  : decision.sessions == question.items ? SpawnVerdict::kParallel
                                                                        : SpawnVerdict::kBatched;
    RC_ASSERT(decision.verdict == expected);
    const bool room = question.width > 1 && question.items > 1;
    if (question.force == Force::kParallel) {
      RC_ASSERT((decision.sessions > 1) == room);
    }
    if (question.force == Force::kInline) {
      RC_ASSERT(decision.sessions == 1u);
    }
  }));
}

TEST_CASE("the break-even is the least N for which the rule holds, and it holds from there on") {
  CHECK(rc::check([] {
    const Millis each{number(0, 30)};
    const Millis spawn{number(0, 300)};
    const auto width = static_cast<std::uint32_t>(number(1, 12));
    const auto found = break_even(each, spawn, width);
    std::optional<std::uint64_t> first;
    for (std::uint64_t items = 1; items <= 1000; ++items) {
      const bool holds = rule(items, each, spawn, width);
      if (holds && !first) {
        first = items;
      }
      RC_ASSERT(holds == first.has_value());
    }
    RC_ASSERT(found == first);
  }));
}

}  // namespace fleet::plan
