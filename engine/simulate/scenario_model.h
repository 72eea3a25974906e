// The world as a test assumes it: each session, command, merge and human does what the scenario
// says of it, and all else goes well. Nothing is left to chance.
//
// A session takes the `est` of its step, a human the `answers` of theirs, either a minute where
// none is said; a cold session takes the step's `spawn` before. All else takes no time. What ends
// later than its `timeout` is ended then.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dsl/plan/scenario.h"
#include "engine/simulate/model.h"
#include "engine/simulate/record.h"

namespace fleet::simulate {

class ScenarioModel final : public Model {
 public:
  // All must outlive it; `record` sees the run that asks.
  ScenarioModel(const plan::Plan& plan, const std::vector<plan::Assumption>& given,
                const Record& record)
      : plan_(plan), given_(given), record_(record), uses_(given.size(), 0) {}

  // Whether that assumption decided anything.
  bool came_up(std::size_t assumption) const { return uses_[assumption] > 0; }

  Course course(const flow::Order& order) override;
  run::ItemsListed list_items(const flow::ListOrder& order) override;
  run::Prepared prepare(const flow::PrepareOrder& order) override;
  Process launch(const flow::LaunchOrder& order) override;
  run::Captured capture(const flow::CaptureOrder& order) override;
  run::Verified verify(const flow::VerifyOrder& order) override;
  run::Published publish(const flow::PublishOrder& order) override;
  run::Merged merge(const flow::MergeOrder& order) override;
  std::optional<run::GateAnswered> open_gate(const flow::OpenGateOrder& order) override;
  void end_session(const flow::EndSessionOrder& order) override;

 private:
  using Kind = plan::Deed::Kind;
  struct Situation {
    std::string agent;
    std::string human;
    plan::NodeIndex node;
    std::string item;
  };
  // Which question is asked.
  enum class Aspect { kEnd, kDecision, kEscalation, kTime, kMoney, kItems };

  static bool answers(Aspect aspect, Kind kind);
  bool fits(const plan::Assumption& one, const Situation& where) const;
  // What the scenario says, and counts it as said; nullptr: nothing. Of several assumptions the
  // more exact one counts, of these the later.
  const plan::Deed* next(Aspect aspect, const Situation& where);

  const plan::Agent* agent_named(const std::string& name) const;
  std::vector<std::string> items_of(const plan::Node& node, const plan::Deed* listed) const;
  void say_verdict(const flow::TaskFacts& task, const plan::Deed& deed, Process& process) const;
  plan::Deed usual(const plan::Agent* agent) const;
  void end_as(const plan::Deed& deed, Process& process) const;
  void spend(const flow::TaskFacts& task, const plan::Agent& agent, plan::Money money,
             Process& process) const;

  const plan::Plan& plan_;
  const std::vector<plan::Assumption>& given_;
  const Record& record_;
  std::vector<std::uint32_t> uses_;            // by assumption
  std::map<run::Attempt, bool> bad_evidence_;  // of attempts that were launched
  std::set<std::uint32_t> warm_;               // sessions that have prepared before
};

}  // namespace fleet::simulate
