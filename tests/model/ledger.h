// What the outside world saw of a run: which attempts were prepared, ran, were captured, published
// and merged, and when. Kept apart from the journal and from the core; throws Violation at the
// first thing that no run may do, whatever its engine says.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/flow/order.h"
#include "engine/simulate/life.h"
#include "tests/property/engine/run/auditor.h"
#include "tests/property/engine/run/oracle.h"

namespace fleet::test {

std::string named(run::Attempt attempt);  // "TASK.EPOCH"

class Ledger {
 public:
  using Millis = plan::Millis;

  struct Attempt {
    Fate fate = Fate::kSuccess;
    std::string start, slot, agent;
    run::SessionIndex session;
    std::uint32_t life = 0;  // of the engine that launched it last
    bool launched = false;
    bool ended = false;      // its process
    bool by_itself = false;  // the process ended as its fate says
    bool captured = false;
    std::string commit;
    std::int64_t at = 0;  // of the capture or merge
    bool proved = false;
    bool published = false;
    bool concluded = false;  // it came to the end that its fate says
    bool excused = false;    // something from outside ended it
    bool by_stop = false;    // it was cancelled by a stop, which costs nothing
    Millis concluded_at{0};
  };

  struct Task {
    Item item;
    std::map<run::Epoch, Attempt> attempts;
    std::uint32_t spent = 0;  // attempts that were concluded
    std::uint32_t failures = 0, losses = 0;
    std::uint32_t charged = 0;  // excused, and may cost a loss
    bool accepted = false;
    std::string result;  // the accepted commit; empty: nothing was changed
    std::string result_start;
    std::string tip;  // merges: what the branch names, recorded or not
  };

  // `journal_failed` is asked before anything may begin.
  Ledger(const plan::Plan& plan, const Script& script, Oracle& oracle,
         std::function<bool()> journal_failed)
      : plan_(plan), script_(script), oracle_(oracle), journal_failed_(std::move(journal_failed)) {}

  // An engine begins. `slack`: how long what was decided before a stop may still arrive.
  void engine_born(const simulate::LifeOptions& options, Millis slack);
  void stop_asked(run::StopLevel level, Millis now);
  // The engine says that the run was stopped.
  void engine_stopped(Millis now) const;
  void machine_died() { ++reboots_; }
  // From then on no backoff is as long as it was meant to be.
  void clock_was_set() { clock_was_set_ = true; }

  // Something is to begin. Not long after a stop.
  void about_to_begin(run::Attempt attempt, Millis now) const;
  // Evidence is to be gathered. Not after a stop that does not wait for it.
  void about_to_judge(run::Attempt attempt, Millis now) const;
  // A new attempt may begin, or one that is known is repeated; checks all that must hold then.
  Attempt& begin(const flow::TaskFacts& facts, const std::string& start, Millis now);
  // The newest attempt of its task, or a violation: a superseded one has no effects.
  Attempt& current(const flow::TaskFacts& facts, const char* what);
  Attempt& attempt(run::Attempt attempt);
  Task& task(run::Attempt attempt) { return by_index_.at(attempt.task.value); }

  void about_to_list(const flow::ListOrder& order);
  void decided(const run::SpawnDecided& decision);
  void launched(const flow::LaunchOrder& order, Millis now);
  void cancelled(run::Attempt attempt);
  void process_ended(const run::Exited& exit, Millis now);
  void excuse(run::Attempt attempt);
  // By its fate. `result` of a success: its commit, if it has one.
  void conclude(run::Attempt attempt, Millis now, const std::string& result = "");
  // A merge was done, but nobody recorded it, and its repetition was stopped: it will come again.
  void take_back(run::Attempt attempt);
  void session_ended(run::SessionIndex session);
  // Evidence and merges are under way from the order to the effect.
  void busy(run::Attempt attempt);
  void idle(run::Attempt attempt) { busy_.erase(attempt); }

  std::string start_of(plan::NodeIndex node) const;
  std::vector<std::string> commits_for(const plan::Merge& merge) const;
  bool alive(run::Attempt attempt) const { return live_.count(attempt) > 0; }
  std::uint32_t life() const { return life_; }

  // Against what the sequential oracle says, once the run is over.
  void at_the_end(const run::State& state);
  // The outcome, in words that do not depend on time.
  std::string summary(const run::State& state) const;

 private:
  const plan::Node& node_of(const Task& task) const { return plan_.nodes[task.item.first]; }
  const Task* task_of(Item item) const;
  Task& known(const flow::TaskFacts& facts);
  void edges_hold(plan::NodeIndex node, const std::string& who) const;
  bool finished(std::uint32_t node) const;
  const plan::Agent* agent_named(const std::string& name) const;
  void waited_enough(const Task& task, const Attempt& last, Millis now) const;
  void crowd(const flow::LaunchOrder& order) const;
  void compare(const run::State& state, std::uint32_t node);
  void compare(const run::Task& task, const Oracle::TaskEnd& expected);

  const plan::Plan& plan_;
  const Script& script_;
  Oracle& oracle_;
  std::function<bool()> journal_failed_;
  std::map<std::uint32_t, Task> by_index_;
  std::map<Item, std::uint32_t> index_of_;
  std::map<std::uint32_t, std::uint32_t> sessions_max_;  // by node, the most that was decided
  std::set<std::uint32_t> listed_;
  std::set<run::Attempt> live_;  // submitted and not ended
  std::set<run::Attempt> busy_;
  std::uint32_t life_ = 0;
  std::uint32_t jobs_ = 0, ahead_ = 0;  // the most that any engine was given
  std::uint32_t stops_ = 0, reboots_ = 0;
  std::uint32_t uncertain_ = 0;  // engines that took what never ran for lost
  bool stopping_ = false;
  bool clock_was_set_ = false;
  Millis last_start_{0};                  // nothing starts later
  std::optional<Millis> stopped_now_at_;  // when this engine was asked to stop now
  Millis slack_{0};
};

}  // namespace fleet::test
