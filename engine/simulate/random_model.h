// A world by chance: sessions, commands, merges and humans as `Chances` says, faults among them.
// The same dice, plan and order of calls give the same answers.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/simulate/chances.h"
#include "engine/simulate/dice.h"
#include "engine/simulate/model.h"
#include "engine/simulate/record.h"

namespace fleet::simulate {

class RandomModel final : public Model {
 public:
  struct Struck {
    Fault fault = Fault::kCrash;
    run::Attempt attempt;
  };

  // All that is referred to must outlive it; `record` sees the run that asks.
  RandomModel(const plan::Plan& plan, const Chances& chances, const Record& record, Dice dice)
      : plan_(plan), chances_(chances), record_(record), dice_(dice) {}

  const std::vector<Struck>& struck() const { return struck_; }

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
  const plan::Agent* agent_named(const std::string& name) const;
  bool strikes(Fault fault, run::Attempt attempt);
  std::optional<Fault> session_fault(run::Attempt attempt, bool can_hang);
  plan::Millis typical(const plan::Node& node, const plan::Agent* agent,
                       std::optional<plan::Millis> limit) const;
  plan::Millis answer_time(const flow::OpenGateOrder& order);
  bool passes(const std::vector<plan::Acceptance>& accept, double fails,
              std::vector<run::CheckResult>& checks);
  Process draw(const flow::LaunchOrder& order);
  void end_by(Fault fault, std::optional<plan::Millis> limit, Process& process, double& worked);
  void say_verdict(const flow::TaskFacts& task, const plan::Node& node, Process& process);
  void spend(const flow::TaskFacts& task, const plan::Agent& agent, double worked,
             Process& process);

  const plan::Plan& plan_;
  const Chances& chances_;
  const Record& record_;
  Dice dice_;
  std::set<std::uint32_t> warm_;               // sessions that have worked before
  std::map<run::Attempt, Process> processes_;  // asked again after an engine's death
  std::vector<Struck> struck_;
};

}  // namespace fleet::simulate
