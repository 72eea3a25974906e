// The budgets that sessions spend from beside their own: the run's, the day's, and of an agent the
// one that it has by the day. What is hard here is reserved from before a request is passed on.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "dsl/plan/plan.h"
#include "engine/broker/purse.h"
#include "engine/run/state.h"

namespace fleet::flow {

// What all runs of one day spend together. Thread-safe.
class DayPurses {
 public:
  // No limit: what is spent is only counted.
  explicit DayPurses(std::optional<plan::Money> limit);

  const std::shared_ptr<broker::Purse>& of_fleet() const { return fleet_; }
  // `limit`: as the asking run's plan says it; the last one holds.
  std::shared_ptr<broker::Purse> of_agent(const std::string& agent, plan::Money limit);

  void limit_to(std::optional<plan::Money> limit);
  // What a run has spent already, by agent.
  void charge(const std::map<std::string, plan::Money>& spent);
  void begin_anew();

 private:
  const std::shared_ptr<broker::Purse> fleet_;
  std::mutex mutex_;  // guards the one below
  std::map<std::string, std::shared_ptr<broker::Purse>> agents_;

  std::shared_ptr<broker::Purse>& agent_purse(const std::string& agent);
};

// Those of one run. Constant, so from any thread.
class RunPurses {
 public:
  RunPurses() = default;
  // `before`: what the run has spent so far. `day`: null where runs do not share one; what the plan
  // allows by the day is then all that this run may spend.
  RunPurses(const plan::Plan& plan, const run::State& before,
            const std::shared_ptr<DayPurses>& day);

  const broker::Purses& of_all() const { return all_; }
  broker::Purses of(const plan::Agent& agent) const;
  // Its own alone; null: it has none by the day.
  std::shared_ptr<broker::Purse> own(const plan::Agent& agent) const;

 private:
  broker::Purses all_;
  std::map<std::string, std::shared_ptr<broker::Purse>> agents_;
};

}  // namespace fleet::flow
