// F701 and F708 against brute force on generated flows of plain commands.
#include <rapidcheck.h>

#include <catch2/catch.hpp>

#include "dsl/checks/checks.h"
#include "tests/support/analyzed.h"

namespace fleet::checks {
namespace {

struct Wait {
  int step = 0;
  int from = 0;
  std::string edge;
};

std::string fleet_of(int steps, const std::vector<Wait>& waits) {
  std::string text = "fleet f {\n  repo = git(\".\", base: main)\n  flow main {\n";
  for (int step = 0; step < steps; ++step) {
    text += "    s" + std::to_string(step) + " = run(\"true\")";
    bool first = true;
    for (const Wait& wait : waits) {
      if (wait.step != step)
        continue;
      text += (first ? " after s" : " & s") + std::to_string(wait.from) + "." + wait.edge;
      first = false;
    }
    text += "\n";
  }
  return text + "  }\n}\n";
}

rc::Gen<std::vector<Wait>> waits(int steps, bool backward_only) {
  return rc::gen::resize(
      8, rc::gen::container<std::vector<Wait>>(rc::gen::exec([steps, backward_only] {
        Wait wait;
        wait.step = *rc::gen::inRange(backward_only ? 1 : 0, steps);
        wait.from = *rc::gen::inRange(0, backward_only ? wait.step : steps);
        wait.edge = *rc::gen::element<std::string>("done", "accepted", "failed");
        return wait;
      })));
}

// Groups of two or more steps that reach each other, and steps that reach themselves.
int count_cyclic_groups(int steps, const std::vector<Wait>& all) {
  const auto n = static_cast<std::size_t>(steps);
  std::vector<std::vector<bool>> reaches(n, std::vector<bool>(n, false));
  for (const Wait& wait : all) {
    reaches[static_cast<std::size_t>(wait.from)][static_cast<std::size_t>(wait.step)] = true;
  }
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        if (reaches[i][k] && reaches[k][j])
          reaches[i][j] = true;
      }
    }
  }
  int groups = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (!reaches[i][i])
      continue;
    bool first = true;
    for (std::size_t j = 0; j < i; ++j)
      first = first && !(reaches[i][j] && reaches[j][i]);
    groups += first ? 1 : 0;
  }
  return groups;
}

// Whether some outcome of every step lets this one start: each step that starts ends accepted or
// failed, and one that can't start is done as well, and neither of the two.
bool can_start(int steps, const std::vector<Wait>& all, int wanted) {
  for (unsigned outcomes = 0; outcomes < (1u << steps); ++outcomes) {
    std::vector<bool> started(static_cast<std::size_t>(steps), false);
    for (int step = 0; step < steps; ++step) {
      bool ready = true;
      for (const Wait& wait : all) {
        if (wait.step != step)
          continue;
        const bool accepted = (outcomes >> wait.from & 1u) != 0;
        const bool ran = started[static_cast<std::size_t>(wait.from)];
        const bool fires = wait.edge == "done" || (ran && (wait.edge == "accepted") == accepted);
        ready = ready && fires;
      }
      started[static_cast<std::size_t>(step)] = ready;
    }
    if (started[static_cast<std::size_t>(wanted)])
      return true;
  }
  return false;
}

}  // namespace

TEST_CASE("each group of steps that wait for one another is reported exactly once") {
  CHECK(rc::check([] {
    const int steps = *rc::gen::inRange(1, 7);
    const std::vector<Wait> all = *waits(steps, false);
    testing::Analyzed analyzed(fleet_of(steps, all));
    RC_ASSERT(analyzed.codes().empty());
    Subject subject{analyzed.sources, analyzed.model, analyzed.sink, std::nullopt};
    check_cycles(subject);
    const int groups = count_cyclic_groups(steps, all);
    RC_CLASSIFY(groups > 0);
    RC_ASSERT(static_cast<int>(analyzed.sink.all().size()) == groups);
  }));
}

TEST_CASE("a step is unreachable exactly when no outcome of the others starts it") {
  CHECK(rc::check([] {
    const int steps = *rc::gen::inRange(2, 7);
    const std::vector<Wait> all = *waits(steps, true);
    testing::Analyzed analyzed(fleet_of(steps, all));
    RC_ASSERT(analyzed.codes().empty());
    Subject subject{analyzed.sources, analyzed.model, analyzed.sink, std::nullopt};
    check_reachable(subject);
    bool all_reachable = true;
    for (int step = 0; step < steps; ++step) {
      all_reachable = all_reachable && can_start(steps, all, step);
    }
    RC_CLASSIFY(!all_reachable);
    RC_ASSERT(analyzed.sink.all().empty() == all_reachable);
  }));
}

}  // namespace fleet::checks
