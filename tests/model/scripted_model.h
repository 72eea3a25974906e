// The world's answers by a script: what each attempt comes to is the script's, when it happens is
// the dice's. Everything it does goes into the ledger first.
#pragma once

#include <functional>

#include "engine/simulate/agenda.h"
#include "engine/simulate/model.h"
#include "tests/model/ledger.h"

namespace fleet::test {

class ScriptedModel final : public simulate::Model {
 public:
  using Say = std::function<void(const std::string&)>;  // to the trace

  ScriptedModel(const plan::Plan& plan, const Script& script, Ledger& ledger,
                const simulate::Agenda& agenda, Dice& dice, Say say)
      : plan_(plan),
        script_(script),
        ledger_(ledger),
        agenda_(agenda),
        dice_(dice),
        say_(std::move(say)) {}

  // An engine begins: it holds no worktrees yet.
  void engine_born() { slots_.clear(); }
  void process_ended(const run::Exited& exit);

  simulate::Course course(const flow::Order& order) override;
  run::ItemsListed list_items(const flow::ListOrder& order) override;
  run::Prepared prepare(const flow::PrepareOrder& order) override;
  simulate::Process launch(const flow::LaunchOrder& order) override;
  run::Captured capture(const flow::CaptureOrder& order) override;
  run::Verified verify(const flow::VerifyOrder& order) override;
  run::Published publish(const flow::PublishOrder& order) override;
  run::Merged merge(const flow::MergeOrder& order) override;
  run::Merged merge_stopped(const flow::MergeOrder& order) override;
  std::chrono::milliseconds grace(run::Attempt attempt) override;
  std::optional<run::GateAnswered> open_gate(const flow::OpenGateOrder& order) override;
  void end_session(const flow::EndSessionOrder& order) override;

 private:
  const plan::Agent* agent_named(const std::string& name) const;
  std::chrono::milliseconds up_to(std::uint32_t ms) {
    return std::chrono::milliseconds{dice_.below(ms + 1)};
  }

  const plan::Plan& plan_;
  const Script& script_;
  Ledger& ledger_;
  const simulate::Agenda& agenda_;
  Dice& dice_;
  Say say_;
  std::map<run::SessionIndex, std::string> slots_;  // of this engine's sessions
  std::uint32_t slots_ever_ = 0;
};

}  // namespace fleet::test
