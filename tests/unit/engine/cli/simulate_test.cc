// A fleet's text to what chance makes of it: a flow's odds, and days of what works unasked.
#include <catch2/catch.hpp>

#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "dsl/lower/duty.h"
#include "engine/cli/simulated.h"
#include "tests/support/memory_reader.h"

namespace fleet::cli {
namespace {

constexpr const char* kCompany = R"(
fleet t v1 {
  repo       = git(".", base: main)
  budget     = $30/day hard
  load       = 2 ship/day
  escalation = ann within 1h
  human ann { answers = 4h }
  defaults { runtime = shell("sh agent.sh {agent} {task}"); timeout = 60min; budget = $1/task }
  role builder  { writes = worktree("{agent}/{task}"); accept = ["make test" passes] }
  role reviewer { reads = diff; returns = verdict }
  role watcher  {}
  agent lead    : watcher  { dispatch = always; budget = $2/day }
  agent dev     : builder  {}
  agent fix     : builder  { writes = worktree("fix/{round}/{item}") }
  agent strict  : reviewer { dispatch = on pr.opened }
  agent content : builder  { dispatch = every 12h; writes = worktree("content/{date}") }
  flow ship(task) on task.ship {
    accept  = ["make test" passes]
    build   = dev(task) retry 1
    look    = strict(build.diff)
    polish  = loop until look.approved max 2 {
      fixes  = fanout f in look.findings to fix width 2 limit 3 est 8min spawn 90s
      gather = repo.merge(fixes, into: build.branch) after fixes.some_accepted
      look   = strict(build.diff) after gather.merged
    }
    signoff = human(ann) after polish.approved timeout 24h else escalate
    merge   = repo.merge(build.branch) after signoff.approved
  }
}
)";

SimulatedFleet company(const std::string& text = kCompany) {
  testing::MemoryReader files({{"t.fleet", text}});
  const Compilation compilation = compile("t.fleet", files, {});
  INFO(render_text(compilation.diagnostics, *compilation.sources));
  REQUIRE_FALSE(compilation.has_errors);
  const auto duties = lower::duties_of(*compilation.model);
  SimulatedFleet fleet;
  fleet.name = "t";
  fleet.agents = {"lead", "dev", "fix", "strict", "content"};
  fleet.company.limits.day = plan::Money{30'000'000};
  fleet.company.load = {{2, "ship"}};
  fleet.company.plan = [compilation, duties](const resident::Start& start) -> Result<plan::Plan> {
    const auto duty = std::ranges::find(duties, start.duty, &lower::Duty::name);
    plan::Plan plan = lower::lower_duty(*compilation.sources, *compilation.model, *duty,
                                        start.escalates, {"t.fleet", {{"task", "t"}}, {}, {}});
    if (start.most)
      for (plan::Agent& agent : plan.agents)
        if (agent.name == start.duty)
          agent.budget = std::min(agent.budget.value_or(*start.most), *start.most);
    return plan;
  };
  for (const lower::Duty& duty : duties) {
    resident::Duty one;
    one.name = duty.name;
    one.is_flow = duty.is_flow;
    one.worst = fleet.company.plan({duty.name, {}, {}, true, {}})->worst.money;
    if (duty.is_flow) {
      one.on = compilation.model->flows[duty.index].on->value;
    } else {
      const sema::Contract& contract = compilation.model->agents[duty.index].contract;
      one.how = contract.dispatch->value.mode;
      one.on = contract.dispatch->value.on;
      one.every = contract.dispatch->value.every.value_or(plan::Millis{0});
      if (contract.day_budget)
        one.day_budget = contract.day_budget->value;
    }
    fleet.company.duties.push_back(std::move(one));
  }
  return fleet;
}

simulate::Days days_of(const SimulatedFleet& fleet, std::uint64_t seed, std::uint32_t days,
                       double faults = 0.05) {
  simulate::Chances chances;
  chances.faults = faults;
  const auto simulated = simulate::simulate_days(fleet.company, chances, seed, days);
  REQUIRE(simulated);
  return *simulated;
}

std::string bytes_of(std::uint64_t seed) {
  const SimulatedFleet fleet = company();
  const simulate::Days days = days_of(fleet, seed, 3);
  return days_json({.seed = 1, .chances = {}, .left_out = {}}, fleet, days) +
         days_text({.seed = 1, .chances = {}, .left_out = {}}, fleet, days);
}

plan::Plan ship() {
  return *company().company.plan({"ship", {}, {}, true, {}});
}

}  // namespace

TEST_CASE("days from the same seed are the same bytes, from another one others") {
  const std::string bytes = bytes_of(1);
  CHECK(bytes == bytes_of(1));
  CHECK(bytes != bytes_of(2));
}

TEST_CASE("odds from the same seed are the same bytes, from another one others") {
  const plan::Plan plan = ship();
  const auto bytes = [&](std::uint64_t seed) {
    return odds_json({}, plan, simulate::odds_of(plan, {}, seed, 20));
  };
  CHECK(bytes(1) == bytes(1));
  CHECK(bytes(1) != bytes(2));
}

TEST_CASE("sixty days with faults: no budget is exceeded, nothing is lost, nothing waits unseen") {
  const SimulatedFleet fleet = company();
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    INFO("seed " << seed);
    const simulate::Days days = days_of(fleet, seed, 60);
    CHECK(days.broken == std::vector<std::string>());
    CHECK(days.arrived == 120);
    CHECK(days.finished + days.with_human == days.arrived);
    for (const auto& [day, spent] : days.by_day)
      CHECK(spent <= plan::Money{30'000'000});
    for (const auto& [day, spent] : days.agents.at("lead").by_day)
      CHECK(spent <= plan::Money{2'000'000});
    // Every kind of fault came up at least once.
    CHECK(days.struck.size() == simulate::kFaults);
    // Pull requests that no flow reviews wake the one who waits for them.
    CHECK(days.duties.at("strict").begun > 30);
    CHECK(days.duties.at("content").begun > 90);  // turns are left out while one is under way
    CHECK(days.duties.at("lead").begun > 60);
  }
}

TEST_CASE("without faults none come up") {
  CHECK(days_of(company(), 1, 3, 0).struck.empty());
}

TEST_CASE("what a day's budget does not cover waits for the next day, and says so in the end") {
  SimulatedFleet fleet = company();
  fleet.company.limits.day = plan::Money{1'000'000};
  const simulate::Days days = days_of(fleet, 1, 2);
  for (const auto& [day, spent] : days.by_day)
    CHECK(spent <= plan::Money{1'000'000});
  CHECK(days.duties.at("ship").begun == 0);
  REQUIRE_FALSE(days.broken.empty());
  CHECK(days.broken.back().find("never began") != std::string::npos);
}

TEST_CASE("more runs change none of the earlier ones") {
  const plan::Plan plan = ship();
  const simulate::Odds few = simulate::odds_of(plan, {}, 1, 10);
  const simulate::Odds more = simulate::odds_of(plan, {}, 1, 11);
  CHECK(std::ranges::includes(more.took, few.took));
  CHECK(std::ranges::includes(more.spent, few.spent));
}

TEST_CASE("whatever goes wrong, a run ends and costs no more than its plan says") {
  const plan::Plan plan = ship();
  simulate::Chances chances;
  chances.faults = 0.2;
  const simulate::Odds odds = simulate::odds_of(plan, chances, 5, 200);
  CHECK(odds.never_ended == 0);
  CHECK(broken_by(plan, odds) == std::vector<std::string>());
}

TEST_CASE("the report states what is assumed") {
  const plan::Plan plan = ship();
  const std::string text = odds_text({}, plan, simulate::odds_of(plan, {}, 1, 5));
  for (const std::string& line : simulate::stated({}))
    CHECK(text.find(line) != std::string::npos);
}

}  // namespace fleet::cli
