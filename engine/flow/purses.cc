#include "engine/flow/purses.h"

#include <utility>

#include <fmt/format.h>

#include "engine/report/bill.h"

namespace fleet::flow {
namespace {

std::optional<std::int64_t> micros_in(std::optional<plan::Money> money) {
  return money ? std::optional(money->micros) : std::nullopt;
}

std::string whose_day(const std::string& agent) {
  return fmt::format("`{}` for the day", agent);
}

}  // namespace

DayPurses::DayPurses(std::optional<plan::Money> limit)
    : fleet_(std::make_shared<broker::Purse>("the day", micros_in(limit))) {}

// REQUIRES: the lock is held.
std::shared_ptr<broker::Purse>& DayPurses::agent_purse(const std::string& agent) {
  std::shared_ptr<broker::Purse>& purse = agents_[agent];
  if (!purse)
    purse = std::make_shared<broker::Purse>(whose_day(agent));
  return purse;
}

std::shared_ptr<broker::Purse> DayPurses::of_agent(const std::string& agent, plan::Money limit) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<broker::Purse> purse = agent_purse(agent);
  purse->limit_to(limit.micros);
  return purse;
}

void DayPurses::limit_to(std::optional<plan::Money> limit) {
  fleet_->limit_to(micros_in(limit));
}

void DayPurses::charge(const std::map<std::string, plan::Money>& spent) {
  const std::lock_guard lock(mutex_);
  for (const auto& [agent, money] : spent) {
    fleet_->charge(money.micros);
    agent_purse(agent)->charge(money.micros);
  }
}

void DayPurses::begin_anew() {
  fleet_->begin_anew();
  const std::lock_guard lock(mutex_);
  for (const auto& [agent, purse] : agents_)
    purse->begin_anew();
}

RunPurses::RunPurses(const plan::Plan& plan, const run::State& before,
                     const std::shared_ptr<DayPurses>& day) {
  const auto spent = report::money_by_agent(plan, before);
  const bool hard = plan.budget && plan.budget->hard;
  const bool by_day = hard && plan.budget->per == "day";
  if (hard && !(by_day && day)) {
    all_.push_back(std::make_shared<broker::Purse>("the run", plan.budget->amount.micros));
    for (const auto& [agent, money] : spent)
      all_.back()->charge(money.micros);
  }
  if (day)
    all_.push_back(day->of_fleet());
  for (const plan::Agent& agent : plan.agents) {
    if (!agent.day_budget)
      continue;
    std::shared_ptr<broker::Purse>& purse = agents_[agent.name];
    if (day) {
      purse = day->of_agent(agent.name, *agent.day_budget);
      continue;
    }
    purse = std::make_shared<broker::Purse>(whose_day(agent.name), agent.day_budget->micros);
    if (const auto own = spent.find(agent.name); own != spent.end())
      purse->charge(own->second.micros);
  }
}

broker::Purses RunPurses::of(const plan::Agent& agent) const {
  broker::Purses purses = all_;
  if (auto mine = own(agent))
    purses.push_back(std::move(mine));
  return purses;
}

std::shared_ptr<broker::Purse> RunPurses::own(const plan::Agent& agent) const {
  const auto found = agents_.find(agent.name);
  return found == agents_.end() ? nullptr : found->second;
}

}  // namespace fleet::flow
