// What sessions and commands have used, added up by agent, task, run or day.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/run/observer.h"

namespace fleet::report {

enum class By : std::uint8_t { kAgent, kTask, kRun, kDay };
const char* word_of(By by);  // "agent"
std::optional<By> by_of(std::string_view word);
// Whether it is about more than one run as a rule.
bool is_over_runs(By by);

struct Share {
  std::string of;             // the agent's name, the task's label, the run's ID, "2026-11-21"
  std::int64_t tasks = 0;     // that were begun; one that goes on over midnight is in both days
  std::int64_t accepted = 0;  // neither changes that are asked for nor what a human let pass
  std::int64_t attempts = 0;
  plan::Millis work{0};  // time of their processes, in the day in which they ended
  run::Used used;        // as adapters or the broker metered it; plain programs tell nothing
};

// Watches runs being replayed, one after the other. Days are those that budgets count: of UTC.
class Bill final : public run::Observer {
 public:
  explicit Bill(By by) : by_(by) {}

  // Before each further run.
  void begin_run();
  void saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) override;
  // What the task has come to since it was counted last. `at`: wall ms.
  void count(const plan::Plan& plan, const run::State& state, const run::Task& task,
             std::int64_t at);

  By by() const { return by_; }
  // Agents by name, tasks and runs in the order in which they began, days in order.
  std::vector<Share> shares() const;
  Share all() const;  // `of` is empty

 private:
  struct Known {
    bool begun = false;
    bool accepted = false;
    std::uint32_t epoch = 0;
    plan::Millis work{0};
    run::Used used;
    std::string last;  // whose share it was in
  };
  Share& share(const std::string& of);

  By by_;
  std::vector<Known> known_;  // by task, of this run
  std::vector<Share> shares_;
  std::unordered_map<std::string, std::size_t> places_;  // in shares_, by `of`
  std::int64_t tasks_ = 0;
};

// What each agent's sessions were metered for; those that told nothing are left out.
std::map<std::string, plan::Money> money_by_agent(const plan::Plan& plan, const run::State& state);

// `title`: what runs it is about, "run 20261121-163355-3d8a of hello.main".
std::string bill_text(const Bill& bill, const std::string& title);
// {"run":…,"agents":[{"agent":…,…}],"all":{…}}; `run` is left out where it is empty.
std::string bill_json(const Bill& bill, const std::string& run);

}  // namespace fleet::report
