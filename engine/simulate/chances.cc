#include "engine/simulate/chances.h"

#include <fmt/format.h>

#include "dsl/plan/render.h"

namespace fleet::simulate {
namespace {

std::string percent(double share) {
  return fmt::format("{:g} %", share * 100);
}

}  // namespace

const char* name_of(Fault fault) {
  switch (fault) {
    case Fault::kCrash: return "a session is killed";
    case Fault::kHang: return "a session hangs";
    case Fault::kLimit: return "a usage limit is reached";
    case Fault::kOverload: return "the vendor has no room";
    case Fault::kCredential: return "a credential is refused";
    case Fault::kContext: return "a context is full";
    case Fault::kWorktree: return "git or the disk fails";
    case Fault::kMerge: return "git or the disk fails at a merge";
    case Fault::kEngine: return "the engine is killed";
    case Fault::kLateHuman: return "a human is late";
  }
  return "?";
}

std::vector<std::string> stated(const Chances& c) {
  using plan::to_string;
  return {
      fmt::format("a session takes its step's `est`; without one {} where it writes, {} where it "
                  "reviews, {} otherwise, at most a third of its timeout",
                  to_string(c.writes), to_string(c.reviews), to_string(c.looks)),
      fmt::format("a command takes {}, a command of `accept` {}, a human their `answers`, "
                  "without it {}",
                  to_string(c.command), to_string(c.evidence), to_string(c.answers)),
      fmt::format("all of these are medians of lognormal distributions with sigma {:g}; a cold "
                  "session takes its `spawn` before, a merge no time but its evidence's",
                  c.spread),
      fmt::format("an agent's session uses {:g} tokens a minute (median, sigma {:g}) at its "
                  "runtime's `price`, without one {} a million; a plain shell agent without a "
                  "`budget` costs nothing; a session ends where its budget does",
                  c.tokens_a_minute, c.tokens_spread, to_string(c.price)),
      fmt::format("evidence fails in {} of cases, that of a merged tree in {}; {} of sessions and "
                  "commands end with an exit code; {} of merges conflict",
                  percent(c.evidence_fails), percent(c.merged_fails), percent(c.says_no),
                  percent(c.conflicts)),
      fmt::format("a reviewer wants changes in {} of cases, half as often after each round of a "
                  "loop, with 1 to {} findings",
                  percent(c.changes_requested), c.findings),
      fmt::format("a human rejects {}; of what is escalated they let {} go on and stop the rest "
                  "(a merge is tried again, a credential renewed)",
                  percent(c.rejects), percent(c.goes_on)),
      fmt::format("faults come at {} of each session, worktree, commit, merge, question to a human "
                  "and run",
                  percent(c.faults)),
  };
}

}  // namespace fleet::simulate
