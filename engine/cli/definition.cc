#include "engine/cli/definition.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "dsl/driver/compile.h"
#include "dsl/lower/duty.h"
#include "dsl/plan/codec.h"
#include "dsl/plan/describe.h"
#include "dsl/plan/render.h"
#include "engine/cli/executed.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/front.h"
#include "engine/cli/terminal.h"
#include "engine/os/files.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

// The parameters of a run that something began: the first one is what it is about.
Result<std::vector<std::pair<std::string, std::string>>> arguments(const sema::Model& model,
                                                                   const lower::Duty& duty,
                                                                   const std::string& text) {
  std::vector<std::pair<std::string, std::string>> given;
  if (!duty.is_flow) {
    given.emplace_back(lower::kTaskParameter, text);
    return given;
  }
  const sema::Flow& flow = model.flows[duty.index];
  if (flow.parameters.size() > 1)
    return Error(Errc::kInvalid,
                 fmt::format("flow {} has {} parameters, and an event gives it one: what happened",
                             flow.name, flow.parameters.size()));
  if (!flow.parameters.empty())
    given.emplace_back(flow.parameters.front().value, text);
  return given;
}

// Of all that the plan does, but not of what else a day of the fleet has.
std::string what_it_does(plan::Plan plan) {
  plan.day.reset();
  plan.load.clear();
  plan.budget.reset();
  plan::seal(plan);
  return plan.hash;
}

// `plan` is one of the duty's, of which an agent's has that agent alone.
resident::Duty resident_duty(const lower::Duty& duty, const plan::Plan& plan) {
  resident::Duty out;
  out.name = duty.name;
  out.is_flow = duty.is_flow;
  out.worst = plan.worst.money;
  out.hash = what_it_does(plan);
  if (duty.is_flow) {
    // People begin it: an event that nothing else can raise.
    out.on = plan.on.value_or(plan::Event{plan::Event::Kind::kTask, "run " + duty.name});
    return out;
  }
  const plan::Agent& agent = plan.agents.front();
  out.how = agent.dispatch;
  out.on = agent.on;
  out.every = agent.every.value_or(plan::Millis{0});
  out.overlap = agent.overlap;
  out.restart = agent.restart;
  out.session_max = agent.session_max;
  out.day_budget = agent.day_budget;
  return out;
}

resident::Limits limits_of(const sema::Fleet& fleet) {
  resident::Limits limits;
  if (fleet.budget && fleet.budget->value.per == "day") {
    const plan::Budget& budget = fleet.budget->value;
    if (budget.hard)
      limits.day = budget.amount;
    if (budget.warn_percent)
      limits.warn = plan::Money{budget.amount.micros / 100 * *budget.warn_percent};
  }
  return limits;
}

// What the plan of the start is, for as long as this version of the fleet lives.
class Planner {
 public:
  Planner(const Compilation& compilation, std::string file)
      : sources_(compilation.sources), model_(compilation.model), file_(std::move(file)) {}

  Result<plan::Plan> plan(const lower::Duty& duty, const resident::Start& start) const {
    FLEET_TRY(auto parameters, arguments(*model_, duty, start.wake.text));
    plan::Plan plan =
        lower::lower_duty(*sources_, *model_, duty, start.escalates,
                          {file_, std::move(parameters), start.wake.commit, start.wake.criteria});
    // What is left of a day's budget is all that the next attempt may spend.
    if (start.most) {
      for (plan::Agent& agent : plan.agents)
        if (agent.name == start.duty)
          agent.budget = std::min(agent.budget.value_or(*start.most), *start.most);
      plan::seal(plan);
    }
    return plan;
  }

  const sema::Model& model() const { return *model_; }
  const SourceMap& sources() const { return *sources_; }

 private:
  const std::shared_ptr<const SourceMap> sources_;
  const std::shared_ptr<const sema::Model> model_;
  const std::string file_;
};

std::vector<lower::Duty> duties_for(const sema::Model& model, Purpose purpose) {
  std::vector<lower::Duty> duties = lower::duties_of(model);
  if (purpose == Purpose::kSimulate)
    for (const sema::Load& load : model.fleet->load)
      if (!model.flows[load.flow].on)
        duties.push_back({model.flows[load.flow].name, true, load.flow});
  return duties;
}

std::string amount(const std::optional<plan::Money>& money) {
  return money ? plan::to_string(*money) : "none";
}

std::string named(const resident::Duty& duty) {
  return fmt::format("{} {}", duty.is_flow ? "flow" : "agent", duty.name);
}

}  // namespace

std::string when_of(const resident::Duty& duty) {
  switch (duty.how) {
    case plan::Dispatch::kAlways: return "always on";
    case plan::Dispatch::kEvery: return "every " + plan::to_string(duty.every);
    case plan::Dispatch::kEphemeral:
    case plan::Dispatch::kOn: break;
  }
  return duty.on ? "on " + plan::text_of(*duty.on) : "when it is called";
}

std::optional<Definition> define(const std::string& file, int& exit_code, Purpose purpose,
                                 std::vector<std::string>* sources) {
  DiskReader files;
  CompileOptions options;
  options.today = day_of("");
  const Compilation compilation = compile(file, files, options);
  if (!compilation.diagnostics.empty())
    show(compilation.diagnostics, *compilation.sources);
  exit_code = kDefinitionHasErrors;
  Definition definition;
  definition.model = compilation.model;
  const std::size_t files_read = compilation.sources ? compilation.sources->size() : 0;
  for (std::size_t i = 0; i < files_read; ++i) {
    const Source& source = compilation.sources->get(SourceId{static_cast<std::uint32_t>(i)});
    definition.sources.push_back(source.name());
    if (const auto there = os::system_files().exists(source.name()); there && *there)
      definition.text += source.text();
  }
  if (sources != nullptr)
    *sources = definition.sources;
  if (!compilation.usage.empty()) {
    complain(fmt::format("fleetc: {}\n", compilation.usage));
    exit_code = kUsage;
    return std::nullopt;
  }
  if (compilation.has_errors)
    return std::nullopt;
  if (!compilation.model->fleet || !compilation.model->fleet->repo) {
    complain(fmt::format("fleetc: {} has no fleet with a `repo`\n", report::printable(file)));
    return std::nullopt;
  }
  const auto planner = std::make_shared<const Planner>(compilation, file);
  resident::Fleet& fleet = definition.fleet;
  fleet.name = compilation.model->fleet->name;
  fleet.file = file;
  fleet.limits = limits_of(*compilation.model->fleet);
  const std::string& path = compilation.model->fleet->repo->value.path;
  definition.repository =
      !path.empty() && path.front() == '/' ? path : folder_of(file) + "/" + path;
  const std::vector<lower::Duty> duties = duties_for(*compilation.model, purpose);
  std::vector<std::string> missing;  // what keeps it from being served
  std::vector<std::string> unmade;   // plans: of no use to anybody
  for (const lower::Duty& duty : duties) {
    auto plan = planner->plan(duty, {});
    if (!plan) {
      unmade.push_back(plan.error().message());
      continue;
    }
    for (std::string& one :
         not_executed(*plan, planner->model(), planner->sources(), Executes::kResident))
      if (std::ranges::find(missing, one) == missing.end())
        missing.push_back(std::move(one));
    fleet.duties.push_back(resident_duty(duty, *plan));
  }
  if (purpose == Purpose::kSimulate)
    definition.not_executed = std::exchange(missing, {});
  missing.insert(missing.begin(), unmade.begin(), unmade.end());
  for (const std::string& one : missing)
    complain(fmt::format("fleetc: {}\n", one));
  if (!missing.empty())
    return std::nullopt;
  if (duties.empty()) {
    complain(
        fmt::format("fleetc: nothing in {0} works unasked: no flow has `on EVENT`, and no agent "
                    "a `dispatch` other than `ephemeral`\n  fleetc {1} {0} FLOW   takes a flow\n",
                    report::printable(file), purpose == Purpose::kSimulate ? "simulate" : "run"));
    return std::nullopt;
  }
  fleet.plan = [planner, duties](const resident::Start& start) -> Result<plan::Plan> {
    const auto duty = std::ranges::find(duties, start.duty, &lower::Duty::name);
    if (duty == duties.end())
      return Error(Errc::kNotFound, fmt::format("the fleet has no {} any more", start.duty));
    return planner->plan(*duty, start);
  };
  exit_code = kDone;
  return definition;
}

std::vector<std::string> changes(const resident::Fleet& before, const resident::Fleet& after) {
  std::vector<std::string> lines;
  for (const resident::Duty& old : before.duties)
    if (std::ranges::find(after.duties, old.name, &resident::Duty::name) == after.duties.end())
      lines.push_back(fmt::format("- {} ({})", named(old), when_of(old)));
  for (const resident::Duty& duty : after.duties) {
    const auto old = std::ranges::find(before.duties, duty.name, &resident::Duty::name);
    if (old == before.duties.end()) {
      lines.push_back(fmt::format("+ {} ({})", named(duty), when_of(duty)));
      continue;
    }
    if (when_of(*old) != when_of(duty))
      lines.push_back(
          fmt::format("~ {}: {} instead of {}", named(duty), when_of(duty), when_of(*old)));
    if (old->worst != duty.worst)
      lines.push_back(fmt::format("~ {}: costs at most {} instead of {}", named(duty),
                                  amount(duty.worst), amount(old->worst)));
    if (old->day_budget != duty.day_budget)
      lines.push_back(fmt::format("~ {}: {} a day instead of {}", named(duty),
                                  amount(duty.day_budget), amount(old->day_budget)));
    if (old->restart != duty.restart)
      lines.push_back(fmt::format("~ {}: restarts otherwise", named(duty)));
    if (old->hash != duty.hash && old->worst == duty.worst && when_of(*old) == when_of(duty))
      lines.push_back(fmt::format("~ {}: what it does", named(duty)));
  }
  if (before.limits.day != after.limits.day)
    lines.push_back(fmt::format("~ budget: {} a day instead of {}", amount(after.limits.day),
                                amount(before.limits.day)));
  return lines;
}

}  // namespace fleet::cli
