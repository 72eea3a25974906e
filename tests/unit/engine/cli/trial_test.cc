// The `test` blocks of a fleet from text to verdict: what can be given, what can be expected, and
// that a wrong expectation fails.
#include "engine/simulate/trial.h"

#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "dsl/base/render.h"
#include "dsl/driver/tests.h"
#include "tests/support/memory_reader.h"

namespace fleet {
namespace {

constexpr const char* kHead = R"(
fleet t v1 {
  repo       = git(".", base: main)
  escalation = ann within 1h
  human ann { answers = 2h }
  human bob { answers = 2h }
  defaults { runtime = shell("sh agent.sh {agent} {task}"); timeout = 30min; budget = $3/task }
  role builder  { writes = worktree("{agent}/{task}"); accept = ["make test" passes] }
  role reviewer { reads = diff; returns = verdict }
  agent dev           : builder {}
  agent fix, sec      : builder { writes = worktree("{agent}/{round}/{item}") }
  agent strict, mild  : reviewer {}
  flow main(task) {
    accept  = ["make test" passes]
    build   = dev(task) retry 1
    verdict = all(strict(build.diff), mild(build.diff))
    polish  = loop until verdict.approved max 2 {
      fixes   = fanout f in verdict.findings to route(f.label, security: sec, else: fix) limit 4
      gather  = repo.merge(fixes, into: build.branch) after fixes.some_accepted
      verdict = all(strict(build.diff), mild(build.diff)) after gather.merged
    }
    smoke   = run("sh smoke.sh") after polish.approved timeout 5min else skip
    signoff = human(bob) after polish.approved timeout 24h else escalate
    merge   = repo.merge(build.branch) after signoff.approved
  }
  flow other {
    list = fanout x in files("src/*") to fix width 2 est 3min spawn 10s else fail
  }
)";

simulate::Trial trial_of(const std::string& given, const std::string& expect) {
  std::string text = kHead;
  text += "  test \"it\" { " + (given.empty() ? "" : "given = [" + given + "]; ") + "expect = [" +
          expect + "] }\n}\n";
  testing::MemoryReader files({{"t.fleet", text}});
  const Compilation compilation = compile("t.fleet", files, {});
  INFO(text << render_text(compilation.diagnostics, *compilation.sources));
  REQUIRE_FALSE(compilation.has_errors);
  const std::vector<TestCase> tests = tests_of(compilation, "t.fleet");
  REQUIRE(tests.size() == 1);
  return simulate::run_trial(*tests.front().plan, tests.front().scenario, true);
}

std::string told(const simulate::Trial& trial) {
  std::string text;
  for (const simulate::Judged& claim : trial.claims)
    text += (claim.holds ? "holds: " : "FAILS: ") + claim.happened + "\n";
  for (const simulate::Moment& moment : trial.timeline)
    text += std::to_string(moment.at.count()) + " " + moment.text + "\n";
  return text;
}

void holds(const std::string& given, const std::string& expect) {
  const simulate::Trial trial = trial_of(given, expect);
  INFO(given << " => " << expect << "\n" << told(trial));
  CHECK(trial.passed());
  for (const bool came_up : trial.came_up)
    CHECK(came_up);
}

// What happened instead.
std::string fails(const std::string& given, const std::string& expect) {
  const simulate::Trial trial = trial_of(given, expect);
  INFO(given << " => " << expect << "\n" << told(trial));
  CHECK_FALSE(trial.passed());
  return trial.claims.front().happened;
}

}  // namespace

TEST_CASE("a run of which nothing is assumed goes well") {
  holds("", "merge.merged, run.done, polish == 0 rounds, asks bob about signoff, never asks ann");
}

TEST_CASE("an agent does what is said of it, each time what comes next, and the last for good") {
  holds("dev fails", "build.failed, build == 2 attempts, asks ann about build, run.failed");
  holds("dev crashes then returns done", "build == 2 attempts, build.accepted");
  holds("dev fails evidence", "build.failed, never verdict.strict");
  holds("dev hangs", "build.failed, build >= 1h");
  holds("dev hangs, dev takes 2min", "build >= 1h");
  holds("strict returns done", "verdict.failed, never merge");
  holds("strict returns changes_requested then returns approved", "polish == 1 rounds, merge");
  holds("mild returns changes_requested", "polish == 2 rounds, polish.failed, never signoff");
}

TEST_CASE("an assumption holds where it says, and the more exact one before the others") {
  holds("strict returns changes_requested, strict returns approved in round 2",
        "polish == 2 rounds, merge.merged");
  holds("strict returns changes_requested in verdict.strict", "polish.failed");
  holds(
      "strict returns changes_requested 2 findings then returns approved, fix fails on "
      "\"strict-1\"",
      "fixes == 2 items, fixes.some_accepted, never fixes.accepted");
  holds("build fails then returns done", "build == 2 attempts");
}

TEST_CASE("findings are counted, labelled, routed and limited") {
  holds("strict returns changes_requested 1 security findings 2 findings then returns approved",
        "fixes == 3 items, fixes == 3 attempts");
  holds(
      "strict returns changes_requested 3 findings then returns approved, mild returns "
      "changes_requested 3 findings then returns approved",
      "fixes == 4 items");
  holds("strict returns changes_requested 1 security finding then returns approved, sec fails",
        "fixes.failed");
}

TEST_CASE("humans approve what they are asked and stop what went wrong, unless it is said") {
  holds("bob rejects", "signoff.changes_requested, never merge, run.failed");
  holds("bob never answers, ann never answers", "asks ann about signoff within 25h, run.waiting");
  holds("bob never answers, ann continues", "merge.merged");
  holds("bob takes 3h", "merge.merged within 4h, signoff >= 3h");
  holds("bob takes 30h", "asks ann, never signoff.approved");
  holds("mild returns changes_requested, ann continues", "polish == 2 rounds, merge.merged");
  holds("mild returns changes_requested, ann never answers", "run.waiting");
}

TEST_CASE("commands, merges and fan-outs do what is said of their steps") {
  holds("smoke fails", "smoke.done, never smoke.accepted, merge.merged");
  holds("smoke hangs", "smoke == 5min");
  holds("merge conflicts", "merge.failed, run.failed");
  holds("merge fails evidence", "merge.failed");
  holds("merge takes 10min", "run >= 2h");
  holds("list lists 5 items", "list == 5 items, list == 2 sessions, list.accepted");
  holds("list lists [\"a\", \"b\"], list fails on \"a\"", "list.some_accepted, run.failed");
  holds("other()", "list == 2 items");
}

TEST_CASE("money is what attempts spent, and never more than their budget") {
  holds("dev spends $1.50, dev fails then returns done, strict spends $0.25",
        "build == $3, run == $3.25");
  holds("dev spends $5", "build.failed, build <= $6");
}

TEST_CASE("a claim that does not hold fails, and says what happened") {
  CHECK(fails("", "never merge") == "`merge` ran at 2h 2min");
  CHECK(fails("", "merge.failed") == "`merge` was merged");
  CHECK(fails("", "polish >= 1 rounds") == "`polish` had 0 rounds");
  CHECK(fails("", "merge.merged within 1h") == "`merge` was merged at 2h 2min");
  CHECK(fails("", "run.failed") == "the run was done at 2h 2min");
  CHECK(fails("", "asks ann") == "ann was not asked");
  CHECK(fails("", "asks bob about merge") ==
        "bob was not asked about `merge`, but about `signoff`");
  CHECK(fails("", "run < 1h") == "the run took 2h 2min");
  CHECK(fails("", "run > $0") == "the run spent $0.00");
  CHECK(fails("bob rejects", "merge.merged") ==
        "`merge` never ran: `signoff.approved` cannot fire: it was refused");
  CHECK(fails("dev fails", "build.accepted") ==
        "`build` failed: stopped by ann (exit 1 (attempt 2))");
}

TEST_CASE("an assumption of which nothing came is told") {
  const simulate::Trial trial = trial_of("dev hangs in round 7, fix crashes", "merge.merged");
  CHECK(trial.passed());
  CHECK(trial.came_up == std::vector<bool>{false, false});
}

TEST_CASE("the same test comes out the same each time") {
  const auto once = [&] {
    return told(trial_of("strict returns changes_requested 3 findings, fix fails on \"strict-2\"",
                         "never merge, polish == 2 rounds"));
  };
  const std::string first = once();
  for (int i = 0; i < 3; ++i)
    CHECK(once() == first);
}

TEST_CASE("the tests that the reference shows hold") {
  std::ifstream in(std::string(FLEETC_SOURCE_DIR) + "/dsl/LANGUAGE.md", std::ios::binary);
  const std::string page{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const std::string fence = "```fleet\n";
  std::size_t count = 0;
  for (std::size_t begin = page.find(fence); begin != std::string::npos;
       begin = page.find(fence, begin)) {
    begin += fence.size();
    testing::MemoryReader files({{"t.fleet", page.substr(begin, page.find("```", begin) - begin)}});
    const Compilation compilation = compile("t.fleet", files, {});
    REQUIRE_FALSE(compilation.has_errors);
    for (const TestCase& test : tests_of(compilation, "t.fleet")) {
      const simulate::Trial trial = simulate::run_trial(*test.plan, test.scenario, true);
      INFO(test.name << "\n" << told(trial));
      CHECK(trial.passed());
      ++count;
    }
  }
  CHECK(count >= 5);
}

TEST_CASE("a parameter is what the test gives, else its own name") {
  testing::MemoryReader files(
      {{"t.fleet", std::string(kHead) +
                       "  test \"a\" { expect = build }\n"
                       "  test \"b\" { given = main(\"Say hello\"); expect = build }\n}\n"}});
  const Compilation compilation = compile("t.fleet", files, {});
  REQUIRE_FALSE(compilation.has_errors);
  const std::vector<TestCase> tests = tests_of(compilation, "t.fleet");
  REQUIRE(tests.size() == 2);
  CHECK(tests[0].plan->parameters.front().second == "task");
  CHECK(tests[1].plan->parameters.front().second == "Say hello");
}

}  // namespace fleet
