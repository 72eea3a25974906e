#include "dsl/lower/day.h"

#include <algorithm>
#include <limits>
#include <set>

#include "dsl/lower/price.h"

namespace fleet::lower {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kDay = 24LL * 3600 * 1000;  // milliseconds

using plan::Event;
using sema::Agent;

// An agent as the fleet declares it; roles and what is imported work only when called.
bool stands_by_itself(const Agent& agent) {
  return !agent.is_role && !agent.imported && agent.contract.dispatch.has_value();
}

plan::Dispatch mode_of(const Agent& agent) {
  return stands_by_itself(agent) ? agent.contract.dispatch->value.mode
                                 : plan::Dispatch::kEphemeral;
}

// REQUIRES: it wakes by the clock.
std::uint64_t starts_a_day(const Agent& agent) {
  const std::int64_t every = agent.contract.dispatch->value.every->count();
  return static_cast<std::uint64_t>((kDay + every - 1) / every);
}

// The pull requests that agents open of their own accord; those of a run are consumed by its flow,
// which reviews them itself. nullopt: nothing bounds them.
std::optional<std::uint64_t> opened_requests(const sema::Model& model) {
  std::uint64_t opened = 0;
  for (const Agent& agent : model.agents) {
    const plan::Dispatch mode = mode_of(agent);
    if (!agent.writes() || mode == plan::Dispatch::kEphemeral)
      continue;
    if (mode != plan::Dispatch::kEvery)
      return std::nullopt;
    opened += starts_a_day(agent);
  }
  return opened;
}

bool starts_on_requests(const sema::Flow& flow) {
  return flow.on && flow.on->value.kind == Event::Kind::kPrOpened;
}

// Collects the terms.
class Day {
 public:
  explicit Day(const sema::Model& model) : model_(model), requests_(opened_requests(model)) {}

  std::optional<plan::DayCase> take() {
    for (std::size_t i = 0; i < model_.flows.size(); ++i)
      add_runs(i);
    for (const Agent& agent : model_.agents)
      add_standing(agent);
    for (const Agent& agent : model_.agents)
      add_woken(agent);
    for (const std::size_t index : called_)
      add_called(model_.agents[index]);
    if (day_.terms.empty())
      return std::nullopt;
    sum();
    return std::move(day_);
  }

 private:
  void add(std::string what, std::optional<std::uint64_t> count, std::optional<plan::Money> each) {
    day_.terms.push_back({std::move(what), count, each});
  }

  void add_runs(std::size_t index) {
    const sema::Flow& flow = model_.flows[index];
    const sema::Load* load = model_.fleet ? model_.fleet->load_of(index) : nullptr;
    const bool by_day = model_.fleet && model_.fleet->budget &&
                        model_.fleet->budget->value.per == "day";
    const std::optional<std::uint64_t> runs = runs_a_day(model_, index);
    if (!runs && !(flow.on && by_day))
      return;
    const Price price = price_of(model_, flow);
    if (runs)
      called_.insert(price.capped.begin(), price.capped.end());
    std::string what = flow.name;
    if (!runs)
      what += " (nothing bounds what starts it)";
    else if (load == nullptr || *runs != load->runs)
      what += " (pull requests outside of runs)";
    add(std::move(what), runs, price.complete ? std::optional(price.money) : std::nullopt);
  }

  void add_standing(const Agent& agent) {
    if (mode_of(agent) == plan::Dispatch::kAlways)
      add_work(agent, "always on", std::nullopt);
    if (mode_of(agent) == plan::Dispatch::kEvery)
      add_work(agent, "by the clock", starts_a_day(agent));
  }

  void add_woken(const Agent& agent) {
    if (mode_of(agent) != plan::Dispatch::kOn)
      return;
    switch (agent.contract.dispatch->value.on->kind) {
      case Event::Kind::kPrUpdated: return;
      case Event::Kind::kPrOpened:
        if (requests_ != std::uint64_t{0})
          add_work(agent, "pull requests outside of runs", requests_);
        return;
      default: add_work(agent, "nothing bounds what wakes it", std::nullopt);
    }
  }

  // `$X/day` caps an agent whatever wakes or calls it; the other calls are in the runs.
  void add_work(const Agent& agent, const std::string& why, std::optional<std::uint64_t> count) {
    const std::string what = agent.name + " (" + why + ")";
    const auto& by_day = agent.contract.day_budget;
    const auto& budget = by_day ? by_day : agent.contract.budget;
    add(what, by_day ? std::optional<std::uint64_t>(1) : count,
        budget ? std::optional(budget->value) : std::nullopt);
    if (by_day)
      capped_.insert(&agent);
  }

  void add_called(const Agent& agent) {
    if (capped_.insert(&agent).second)
      add(agent.name + " (all its calls)", 1, agent.contract.day_budget->value);
  }

  void sum() {
    std::int64_t total = 0;
    for (const plan::DayTerm& term : day_.terms) {
      std::int64_t money = 0;
      if (!term.count || !term.each)
        return;
      if (__builtin_mul_overflow(term.each->micros, *term.count, &money) ||
          __builtin_add_overflow(total, money, &total))
        total = kMost;
    }
    day_.money = plan::Money{total};
  }

  const sema::Model& model_;
  plan::DayCase day_;
  std::optional<std::uint64_t> requests_;
  std::set<std::size_t> called_;     // agents with `$X/day` that the day's runs call
  std::set<const Agent*> capped_;    // those that are counted
};

}  // namespace

std::optional<std::uint64_t> runs_a_day(const sema::Model& model, std::size_t flow) {
  const sema::Load* load = model.fleet ? model.fleet->load_of(flow) : nullptr;
  const std::optional<std::uint64_t> said =
      load != nullptr ? std::optional<std::uint64_t>(load->runs) : std::nullopt;
  if (!starts_on_requests(model.flows[flow]))
    return said;
  // Where the fleet opens none, others do, and nobody knows how many.
  const std::optional<std::uint64_t> opened = opened_requests(model);
  return opened && *opened > said.value_or(0) ? opened : said;
}

std::optional<plan::DayCase> day_case(const sema::Model& model) {
  return Day(model).take();
}

}  // namespace fleet::lower
