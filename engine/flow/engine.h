// What it takes to begin, carry on and end one run in a repository. Ties journal, launcher,
// worktrees and executor together; prints nothing. Several may be at work in one workshop, each on
// a thread of its own.
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
#include "engine/flow/workshop.h"
#include "engine/journal/journal.h"
#include "engine/worktree/repository.h"

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

// The workshop of the repository. Takes its lock: kBusy while another engine is at work there.
Result<std::shared_ptr<Workshop>> open_workshop(const EngineOptions& options);

class Engine {
 public:
  // In a workshop of its own.
  static Result<std::unique_ptr<Engine>> open(EngineOptions options, const os::Clock& clock);
  // In one that others are at work in too, for one run.
  static Result<std::unique_ptr<Engine>> join(std::shared_ptr<Workshop> workshop, bool no_wait,
                                              const os::Clock& clock);
  ~Engine();

  // The newest run that can be carried on, if any.
  std::optional<journal::RunInfo> unfinished() const;
  // The run that `id` (or its beginning) names. kNotFound.
  Result<journal::RunInfo> find(const std::string& id) const;
  // A run will not be carried on: it is no longer offered. Its branches and refs stay.
  Status abandon(const journal::RunInfo& run);

  // Everything that can be refused is refused here, before anything is spent: the repository, the
  // base branch, what the plan needs of this machine. `cause`: what the run was begun for, unique
  // among all runs; empty: somebody asked for it.
  Status begin(plan::Plan plan, const std::string& cause = {});
  // Takes up a run again with the plan that it began with; `past`, if any, sees what has happened
  // in it so far. kNotFound, kCorrupt.
  Status take_up(const journal::RunInfo& run, run::Observer* past = nullptr);

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

  // From any thread, a signal handler's thread included; also before `carry_on`.
  void ask_stop(run::StopLevel level, const std::string& by);

  // After carry_on: it was `no_wait` that stopped the run.
  bool left_waiting() const { return left_waiting_; }

  const plan::Plan& plan() const { return plan_; }
  const run::State& state() const { return state_; }
  const Site& site() const { return site_; }
  // Median duration of one task of the step in earlier runs, 0 when unknown.
  plan::Millis history(plan::NodeIndex node) const;

 private:
  Engine(std::shared_ptr<Workshop> workshop, bool no_wait, const os::Clock& clock);

  Status check_machine();
  Status check_credentials();
  Status check_base();
  void reserve_places();
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

  const std::shared_ptr<Workshop> workshop_;
  const bool no_wait_;
  const os::Clock& clock_;
  Site site_;
  JournalLog log_;
  journal::Journal& journal_;
  std::optional<worktree::Repository> repository_;  // of the thread that carries on
  journal::RunKey run_;
  plan::Plan plan_;
  run::State state_;
  bool resumed_ = false;
  std::atomic<bool> left_waiting_{false};
  bool same_boot_ = false;  // the machine has not restarted since the run was last known
  std::vector<run::EventBody> opening_;

  std::mutex executor_mutex_;            // guards the three below
  std::optional<run::StopAsked> asked_;  // before there was anything to stop
  Executor* executor_ = nullptr;         // set while the run is under way, like the one below
  LocalWorld* world_ = nullptr;
};

}  // namespace fleet::flow
