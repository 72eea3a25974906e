// simulate: a flow many times, or the resident fleet for days, by chance.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "engine/cli/commands.h"
#include "engine/cli/definition.h"
#include "engine/cli/executed.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/front.h"
#include "engine/cli/simulated.h"
#include "engine/cli/terminal.h"

namespace fleet::cli {
namespace {

constexpr std::uint32_t kRuns = 1000;

int wrong_option(const char* option, const char* why) {
  complain(fmt::format("fleetc: {} {}\n", option, why));
  return kUsage;
}

Simulated asked_for(const SimulateOptions& options) {
  Simulated asked;
  asked.seed = options.seed;
  asked.chances.faults = options.faults;
  return asked;
}

// On the side: results are the same each time, how long they took is not.
class Stopwatch {
 public:
  void say(const std::string& what) const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin_;
    complain(fmt::format("{} in {:.1f} s\n", what, took.count()));
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

int simulate_flow(const SimulateOptions& options) {
  if (options.days != 0)
    return wrong_option("--days", "is for the resident fleet; a flow is simulated for --runs");
  const Front front = compile_flow(options.flow, false);
  if (!front.plan)
    return front.exit_code;
  Simulated asked = asked_for(options);
  asked.left_out = not_executed(*front.plan, *front.model, *front.sources);
  const Stopwatch watch;
  const std::uint32_t runs = options.runs == 0 ? kRuns : options.runs;
  const simulate::Odds odds = simulate::odds_of(*front.plan, asked.chances, asked.seed, runs);
  watch.say(fmt::format("{} runs", runs));
  print(options.format == "json" ? odds_json(asked, *front.plan, odds)
                                 : odds_text(asked, *front.plan, odds));
  return broken_by(*front.plan, odds).empty() ? kDone : kRunFailed;
}

SimulatedFleet fleet_of(const Definition& definition) {
  SimulatedFleet fleet;
  fleet.name = definition.fleet.name;
  fleet.company.duties = definition.fleet.duties;
  fleet.company.limits = definition.fleet.limits;
  fleet.company.plan = definition.fleet.plan;
  for (const sema::Load& load : definition.model->fleet->load)
    fleet.company.load.push_back({load.runs, definition.model->flows[load.flow].name});
  for (const sema::Agent& agent : definition.model->agents)
    if (!agent.is_role && !agent.imported)
      fleet.agents.push_back(agent.name);
  return fleet;
}

int simulate_fleet(const SimulateOptions& options) {
  if (options.runs != 0)
    return wrong_option("--runs",
                        "is for a flow, whose name stands behind the file; a fleet is "
                        "simulated for --days");
  int code = kDone;
  const auto definition = define(options.flow.file, code, Purpose::kSimulate);
  if (!definition)
    return code;
  Simulated asked = asked_for(options);
  asked.left_out = definition->not_executed;
  const SimulatedFleet fleet = fleet_of(*definition);
  const Stopwatch watch;
  const std::uint32_t count = std::max(options.days, std::uint32_t{1});
  const auto days = simulate::simulate_days(fleet.company, asked.chances, asked.seed, count);
  if (!days) {
    complain(days.error());
    return kDefinitionHasErrors;
  }
  watch.say(fmt::format("{} days, {} runs", count, days->runs()));
  print(options.format == "json" ? days_json(asked, fleet, *days) : days_text(asked, fleet, *days));
  return days->broken.empty() ? kDone : kRunFailed;
}

}  // namespace

int simulate(const SimulateOptions& options) {
  return options.flow.words.empty() ? simulate_fleet(options) : simulate_flow(options);
}

}  // namespace fleet::cli
