// Pull requests of a run: one for each task that writes and has made a commit. Drawn from events,
// so that their numbers, in the order of the first commits, never change. Kept by nobody else.
#pragma once

#include <string>
#include <vector>

#include "engine/report/review.h"
#include "engine/run/observer.h"

namespace fleet::report {

struct PullCommit {
  std::string commit;
  std::int64_t at = 0;  // wall ms
  std::string what;     // "attempt 2", "polish#1.gather"
};

struct Pull {
  std::uint32_t number = 0;  // from 1
  run::TaskIndex task;
  std::vector<PullCommit> commits;  // oldest first
};

// Give it every event of a run, from the first one.
class Pulls final : public run::Observer {
 public:
  void saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
           const std::vector<run::Transition>& transitions) override;
  const std::vector<Pull>& all() const { return pulls_; }
  // Null: there is none of that number.
  const Pull* find(std::uint32_t number) const;

 private:
  std::vector<Pull> pulls_;
};

// The commit that it stands at: the branch's, else the last attempt's.
const std::string& head_of(const run::State& state, const Pull& pull);

std::string pulls_text(const plan::Plan& plan, const run::State& state, const Pulls& pulls);
std::string pulls_json(const plan::Plan& plan, const run::State& state, const Pulls& pulls);
std::string pull_text(const plan::Plan& plan, const run::State& state, const Pull& pull);
std::string pull_json(const plan::Plan& plan, const run::State& state, const Pull& pull);

}  // namespace fleet::report
