#include "dsl/lower/day.h"

#include <algorithm>
#include <limits>

namespace fleet::lower {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kDay = 24LL * 3600 * 1000;  // milliseconds

using sema::Agent;

// An agent as the fleet declares it; roles and what is imported work only when called.
bool stands_by_itself(const Agent& agent) {
  return !agent.is_role && !agent.imported && agent.contract.dispatch.has_value();
}

plan::Dispatch mode_of(const Agent& agent) {
  return agent.contract.dispatch ? agent.contract.dispatch->value.mode : plan::Dispatch::kEphemeral;
}

std::optional<plan::Money> budget_of(const Agent& agent) {
  if (agent.contract.budget)
    return agent.contract.budget->value;
  return std::nullopt;
}

// Collects the terms; `requests` counts the pull requests that agents open outside of runs. Those
// of a run are consumed by its flow, which reviews them itself.
class Day {
 public:
  Day(const sema::Model& model, const plan::Plan& plan) : model_(model), plan_(plan) {}

  std::optional<plan::DayCase> take() {
    if (plan_.load && plan_.load->flow == plan_.flow) {
      add(plan_.flow, plan_.load->runs, plan_.worst.money);
    }
    for (const Agent& agent : model_.agents) {
      if (stands_by_itself(agent))
        add_standing(agent);
    }
    for (const Agent& agent : model_.agents) {
      if (stands_by_itself(agent) && mode_of(agent) == plan::Dispatch::kOn)
        add_woken(agent);
    }
    if (day_.terms.empty())
      return std::nullopt;
    sum();
    return std::move(day_);
  }

 private:
  void add(std::string what, std::optional<std::uint64_t> count, std::optional<plan::Money> each) {
    day_.terms.push_back({std::move(what), count, each});
  }

  // `$X/day` caps an agent whatever wakes it.
  void add_capped(const Agent& agent, const std::string& what, std::optional<std::uint64_t> count) {
    if (agent.contract.day_budget) {
      add(what, 1, agent.contract.day_budget->value);
    } else {
      add(what, count, budget_of(agent));
    }
  }

  void add_standing(const Agent& agent) {
    std::optional<std::uint64_t> tasks;
    if (mode_of(agent) == plan::Dispatch::kAlways) {
      add_capped(agent, agent.name + " (always on)", std::nullopt);
    } else if (mode_of(agent) == plan::Dispatch::kEvery) {
      const std::int64_t every = agent.contract.dispatch->value.every->count();
      tasks = static_cast<std::uint64_t>((kDay + every - 1) / every);
      add_capped(agent, agent.name + " (by the clock)", tasks);
    } else {
      return;
    }
    if (agent.writes() && requests_ && tasks) {
      *requests_ += *tasks;
    } else if (agent.writes()) {
      requests_.reset();
    }
  }

  void add_woken(const Agent& agent) {
    const plan::Event& event = *agent.contract.dispatch->value.on;
    const bool request = event.kind == plan::Event::Kind::kPrOpened;
    if (request && requests_ == std::uint64_t{0})
      return;
    if (request) {
      add_capped(agent, agent.name + " (pull requests outside of runs)", requests_);
    } else if (event.kind != plan::Event::Kind::kPrUpdated) {
      add_capped(agent, agent.name + " (nothing bounds what wakes it)", std::nullopt);
    }
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
  const plan::Plan& plan_;
  plan::DayCase day_;
  std::optional<std::uint64_t> requests_ = 0;
};

}  // namespace

std::optional<plan::DayCase> day_case(const sema::Model& model, const plan::Plan& plan) {
  return Day(model, plan).take();
}

}  // namespace fleet::lower
