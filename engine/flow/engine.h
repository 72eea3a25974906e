// One engine: the single writer of a repository's fleet state, and what it takes to begin, carry on
// and end a run in it. Ties journal, launcher, worktrees and executor together; prints nothing.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "dsl/plan/plan.h"
#include "engine/base/result.h"
#include "engine/flow/executor.h"
#include "engine/flow/journal_log.h"
#include "engine/flow/site.h"
#include "engine/journal/journal.h"
#include "engine/process/launcher.h"
#include "engine/worktree/pool.h"

namespace fleet::flow {

class Desk;
class LocalWorld;

struct EngineOptions {
  std::string repository;  // a folder in the user's repository
  std::string pool_dir;    // empty: default_pool_dir
  std::map<std::string, std::string> environment;
  std::uint32_t jobs = 0;  // 0: default_jobs
  bool accept_lost_tail = false;
  bool no_wait = false;  // stop when nothing goes on but the wait for humans
};

// Where the state of a repository's fleets is kept.
struct Places {
  std::string common_dir, work_dir, state_dir, pool_dir;
};
Result<Places> find_places(const EngineOptions& options);

// How many processes at once when nothing is said: two a processor, at least 8, at most 32.
// Sessions of agents mostly wait for a model.
std::uint32_t default_jobs();

class Engine {
 public:
  // Takes the repository's lock: kBusy while another engine is at work there.
  static Result<std::unique_ptr<Engine>> open(EngineOptions options, const os::Clock& clock);
  ~Engine();

  // The newest run that can be carried on, if any.
  std::optional<journal::RunInfo> unfinished() const;
  // The run that `id` (or its beginning) names. kNotFound.
  Result<journal::RunInfo> find(const std::string& id) const;
  // A run will not be carried on: it is no longer offered. Its branches and refs stay.
  Status abandon(const journal::RunInfo& run);

  // Everything that can be refused is refused here, before anything is spent: the repository, the
  // base branch, what the plan needs of this machine.
  Status begin(plan::Plan plan);
  // Takes up a run again with the plan that it began with. kNotFound, kCorrupt.
  Status take_up(const journal::RunInfo& run);

  // Removes the free worktrees that hold nothing unsaved, and what is left of runs that are over.
  // REQUIRES: no run was begun or taken up.
  struct Cleaned {
    std::vector<std::string> removed;  // folders
    std::uint64_t bytes = 0;
    std::size_t kept = 0;  // hold something unsaved, or belong to an unfinished run
  };
  Result<Cleaned> clean(bool dry_run);

  // REQUIRES: begin or take_up succeeded. Runs to the end, or to a stop. Call it once.
  Result<run::RunOutcome> carry_on(run::Observer& observer);

  // From any thread, a signal handler's thread included.
  void ask_stop(run::StopLevel level, const std::string& by);

  // After carry_on: it was `no_wait` that stopped the run.
  bool left_waiting() const { return left_waiting_; }

  const plan::Plan& plan() const { return plan_; }
  const run::State& state() const { return state_; }
  const Site& site() const { return site_; }
  // Median duration of one task of the step in earlier runs, 0 when unknown.
  plan::Millis history(plan::NodeIndex node) const;

 private:
  explicit Engine(EngineOptions options, const os::Clock& clock);

  Status check_machine();
  Status check_base();
  Status open_launcher();
  Status make_folders();
  Status remember_boot();
  std::vector<run::EventBody> first_events();
  bool ends_with_engine(const process::JobKey& key) const;
  Result<std::vector<run::EventBody>> reconcile();
  Result<run::RunOutcome> execute(std::vector<run::EventBody> first, run::Observer& observer);
  const plan::Agent* agent_of(const run::State& state, const run::Task& task) const;
  void adopt_sessions(Desk& desk, const run::State& before);
  Status settle_run(run::RunOutcome outcome);
  Status forget_jobs();
  Status rescue_leftovers();
  Status trim_worktrees();

  EngineOptions options_;
  const os::Clock& clock_;
  Site site_;
  JournalLog log_;
  std::unique_ptr<journal::Journal> journal_;
  std::optional<worktree::Repository> repository_;
  std::unique_ptr<process::Launcher> launcher_;
  std::unique_ptr<worktree::Pool> pool_;
  journal::RunKey run_;
  plan::Plan plan_;
  run::State state_;
  bool resumed_ = false;
  std::atomic<bool> left_waiting_{false};
  bool same_boot_ = false;  // the machine has not restarted since the run was last known
  std::vector<run::EventBody> opening_;

  std::mutex executor_mutex_;  // guards the two below: set while a run is under way
  Executor* executor_ = nullptr;
  LocalWorld* world_ = nullptr;
};

}  // namespace fleet::flow
