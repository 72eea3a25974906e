// One seed: a random plan, a script, and faults at random turns; engines live one after another
// until the run is over.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/simulate/life.h"
#include "tests/model/guard.h"
#include "tests/model/scripted_model.h"

namespace fleet::test {

enum class Fault { kDrain, kStopNow, kKill, kReboot, kJournal, kRepeat, kClock };

struct Faults {
  struct At {
    std::uint32_t turn = 0;  // of all engines' turns together
    Fault fault = Fault::kKill;
  };
  std::vector<At> list;  // by turn
  // Whether attempts may be lost to faults, which spends budgets.
  bool lose() const;
  bool only_kills() const;
};

struct StoryOptions {
  bool faults = true;  // else the same seed undisturbed
  bool trace = false;
};

class Story final : private flow::VirtualTime, private run::Observer {
 public:
  explicit Story(std::uint64_t seed, StoryOptions options = {});

  // Throws Violation.
  void tell();

  const plan::Plan& plan() const { return plan_; }
  const Faults& faults() const { return faults_; }
  // For which an undisturbed run must come to the same.
  bool comparable() const;
  // After `tell`.
  std::string summary() const { return ledger_.summary(final_); }
  std::string bytes() const;  // every event with its time
  std::size_t events() const { return log_.events().size(); }
  std::uint32_t lives() const { return ledger_.life(); }
  const std::string& trace() const { return trace_; }
  // How often each fault struck.
  const std::map<Fault, std::uint32_t>& struck() const { return struck_; }

 private:
  bool advance() override;
  void saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) override;

  void live_once();
  bool strike(Fault fault);
  void repeat();
  void recorded_once() const;
  void time_passes_without_engine();
  void say(const std::string& line);

  Dice plan_dice_, fault_dice_, dice_;
  StoryOptions options_;
  plan::Plan plan_;
  Faults faults_;
  Script script_;
  Oracle oracle_;
  Ledger ledger_;
  simulate::Agenda agenda_;
  simulate::MemoryLog log_;
  simulate::Keeper keeper_;
  ScriptedModel model_;
  Guard guard_;
  flow::MemoryMeasures measures_;
  simulate::Outside outside_;
  simulate::LifeOptions life_options_;
  simulate::Life* life_ = nullptr;
  run::State final_;
  std::size_t next_fault_ = 0;
  std::uint32_t turns_ = 0;
  bool killed_ = false;
  bool rebooted_ = false;
  bool over_ = false;
  std::size_t resumed_at_ = 0;  // in the log
  std::map<Fault, std::uint32_t> struck_;
  std::string trace_;
};

}  // namespace fleet::test
