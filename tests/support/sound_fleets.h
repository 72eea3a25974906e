// Fleets without a mistake: the golden plans, the examples, the standard library, and a few that
// use what the others don't.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/edited.h"
#include "tests/support/golden_reader.h"

namespace fleet::testing {

struct Sound {
  std::string name;
  std::string text;
  std::map<std::string, std::string> others;
};

// Patterns from everywhere, used in every way: behind an alias, above their declaration, one in
// another, in a loop, with all kinds of arguments; and all that tests say of them.
inline constexpr std::string_view kUses = R"(use std.roles (builder, fixer, researcher, reviewer)
use std.patterns as lib
use std.patterns (build_review_audit)

/// One agent looks.
pattern looked(change, judge) {
  look = judge(change) timeout 20min
}

fleet uses v1 {
  repo       = git(".", base: main)
  budget     = $90/day hard
  load       = [1 ship/day, 1 vote/day]
  escalation = ann within 1h

  human ann { answers = 8h }

  defaults {
    runtime = shell("sh agent.sh {agent} {task}")
    budget  = $1/task
  }

  agent ask, tell      : researcher { accept = [] }
  agent dev            : builder  { writes = worktree("{agent}/{task}"); accept = ["make {task}" passes] }
  agent strict, second : reviewer {}
  agent fix            : fixer    { writes = worktree("fix/{task}/{round}/{item}"); accept = ["make" passes] }

  flow ship(task, area) on task.ship {
    ship    = build_review_audit(task, builder: dev, reviewer: strict, auditor: second, fixers: fix, rounds: 2, findings: 3)
    again   = twice(ship.build.diff, judge: strict, where: "{area}") after ship.verdict.approved
    tidy    = run("sh tidy.sh {area}") after again.first.look.approved
    signoff = human(ann) after again.approved & tidy.done timeout 24h
    merge   = repo.merge(ship.build) after signoff.approved
  }

  flow vote(task) {
    one   = lib.race(task, first: ask, second: tell)
    build = dev(task)
    seen  = looked(build.diff, judge: strict)
    more  = loop until seen.approved max 2 {
      mend = fanout f in seen.look.findings to fix limit 3
      into = repo.merge(mend, into: build.branch) after mend.some_accepted
      seen = looked(build.diff, judge: strict) after into.merged
    }
  }

  /// Twice, and tidied between.
  pattern twice(change, judge, where) {
    first = looked(change, judge)
    tidy  = run("sh tidy.sh {where}") after first.look.approved
    last  = looked(change, judge: judge) after tidy.accepted
  }

  test "steps of uses are named by any end of their path" {
    given  = [ship("Say hello", area: "core"), strict returns changes_requested 2 findings in ship.verdict.strict, fix fails in polish.fixes]
    expect = [ship.polish.failed, never again.last.look, never merge]
  }
}
)";

inline std::vector<Sound> sound_fleets() {
  std::map<std::string, std::string> others{{"/w/roles.fleet", std::string(kRoles)}};
  for (const std::string& path : golden::list("plan/identity", "", ".md"))
    others["/w/identity/" + golden::base_name(path)] = golden::read(path);
  std::vector<Sound> all;
  for (const std::string& path : golden::list("plan", "", ".fleet"))
    all.push_back({golden::base_name(path), golden::read(path), others});
  const std::string source = FLEETC_SOURCE_DIR;
  for (const std::string& folder : {source + "/examples", source + "/stdlib"}) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().extension() == ".fleet")
        found.push_back(entry.path().string());
    }
    std::ranges::sort(found);
    for (const std::string& path : found)
      all.push_back({path.substr(source.size() + 1), golden::read(path), {}});
  }
  others["/w/identity/core.md"] = std::string(kCore);
  all.push_back({"kShip", std::string(kShip), others});
  all.push_back({"kUses", std::string(kUses), others});
  return all;
}

}  // namespace fleet::testing
