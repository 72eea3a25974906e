// Orders carried out on this machine: sessions by the launcher, worktrees and refs by the git
// threads. Repeating an order after a crash gives the same result (see each method's source for
// why).
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <unordered_map>

#include "engine/flow/desk.h"
#include "engine/flow/evidence.h"
#include "engine/flow/merge_target.h"
#include "engine/flow/permits.h"
#include "engine/flow/timers.h"
#include "engine/flow/world.h"
#include "engine/flow/write_sets.h"

namespace fleet::flow {

class Gates;
class Models;
class RunPurses;
class Probes;

class LocalWorld final : public World {
 public:
  // All referenced objects must outlive it. `date` and `base` are the run's, constant.
  LocalWorld(const plan::Plan& plan, const Site& site, const run::State& opened, GitThreads& git,
             worktree::Pool& pool, JobBoard& jobs, Timers& timers, Desk& desk);
  // REQUIRES: every order was answered.
  ~LocalWorld() override;

  void list_items(const ListOrder& order, Post post) override;
  void prepare(const PrepareOrder& order, Post post) override;
  void launch(const LaunchOrder& order, Post post) override;
  void capture(const CaptureOrder& order, Post post) override;
  void verify(const VerifyOrder& order, Post post) override;
  void publish(const PublishOrder& order, Post post) override;
  void merge(const MergeOrder& order, Post post) override;
  void start_timer(const TimerOrder& order, Post post) override;
  void cancel(const CancelOrder& order) override;
  void end_session(const EndSessionOrder& order) override;
  void open_gate(const OpenGateOrder& order, Post post) override;
  void close_gate(const CloseGateOrder& order) override;
  void abandon() override;

  // Before any order, of a plan that may ask a human. Must outlive the orders.
  void use_gates(Gates* gates);
  // Likewise; without them every session may begin at once.
  void use_permits(Permits* permits);
  // Likewise; without them nobody is told whose work may meet. `tell` takes what is no answer to an
  // order, from any thread.
  void use_write_sets(WriteSets* sets, Post tell);
  // Before any order. `models`: of a plan with a credential that the broker keeps, else null; must
  // outlive the orders, as the purses must, from which is spent what sessions tell of their money.
  void use_models(Models* models, const RunPurses* purses);
  // Whose answers decide whether a session begins. Outlives this.
  void use_probes(Probes* probes) { probes_ = probes; }

  // Before the run goes on with a new engine: the slot of a task that was running or being captured
  // is taken as it is, and the end of one that still runs will be posted.
  // `agent`: whose session it is; null for plain commands.
  void adopt(const run::Task& task, const plan::Agent* agent, Post post);

  // From any thread: sessions that wait for a place are not begun, nor are further ones. They begin
  // on resume.
  void begin_none();
  // Likewise, and a merge that is being judged is not waited for. It is made again on resume.
  void stop_now();

  // Gives all slots back. Call it when nothing is in flight.
  void release_slots();

 private:
  struct Held {
    worktree::Slot slot;
    std::string unsaved;  // salvage ref for what the last attempt left, empty once it is captured
  };

  const plan::Agent& agent_named(const std::string& name) const;
  HoleValues holes_of(const TaskFacts& task) const;
  std::optional<std::string> shared_slot(const PrepareOrder& order);
  Permits::Wish wish_of(const PrepareOrder& order) const;
  void tell_agents(const OpenGateOrder& order) const;
  void prepare_now(const PrepareOrder& order, Post post);
  void tell_shared_paths(const PrepareOrder& order);
  std::optional<run::Prepared> without_credential(const PrepareOrder& order);
  Result<run::Prepared> take_slot(worktree::Repository& repository, const PrepareOrder& order);
  Result<worktree::SlotRequest> slot_request(worktree::Repository& repository,
                                             const PrepareOrder& order) const;
  Status show_change(worktree::Repository& repository, const PrepareOrder& order,
                     const worktree::Slot& slot) const;
  std::string criteria_of(const TaskFacts& task) const;
  Result<std::string> lease_branch(worktree::Repository& repository, const PrepareOrder& order);
  // What the world denies now it may grant in a moment.
  static constexpr int kTriesInPlace = 4;

  // The end of a session's process, which then has nothing more to say.
  void ended(run::Attempt attempt, plan::NodeIndex node, const plan::Agent* agent,
             const process::JobReport& report, const Post& post);
  Status equip(process::JobSpec& job, const TaskFacts& task, const plan::Agent& agent,
               const worktree::Slot& slot, const DeskPlace& desk);
  void hide_secrets(process::JobSpec& job) const;
  // Whether the broker stands between the session and its model.
  bool asks_broker(const plan::Agent& agent) const;
  void run_job(const TaskFacts& task, const worktree::Slot& slot, Post post);
  void try_capture(const CaptureOrder& order, Post post, int tries);
  run::Captured capture_now(worktree::Repository& repository, const CaptureOrder& order);
  void try_verify(const VerifyOrder& order, Post post, int tries);
  void try_publish(const PublishOrder& order, Post post, int tries);
  Status publish_now(worktree::Repository& repository, const PublishOrder& order);
  struct Merging;
  Result<FoundTarget> find_target(worktree::Repository& repository, const MergeOrder& order) const;
  void merge_now(worktree::Repository& repository, std::shared_ptr<Merging> merging);
  void tell_base(worktree::Repository& repository, Merging& merging);
  void judge_merge(worktree::Repository& repository, std::shared_ptr<Merging> merging);
  void finish_merge(std::shared_ptr<Merging> merging, EvidenceAnswer answer);
  void move_branch(worktree::Repository& repository, std::shared_ptr<Merging> merging);
  run::ItemsListed claimed(run::ItemsListed event) const;
  void try_list(const ListOrder& order, Post post, int tries);
  void list_command(const ListOrder& order, Post post, int tries);
  void answer_list(const ListOrder& order, Post post, int tries,
                   Result<std::vector<std::string>> items);
  std::optional<Held> held(run::SessionIndex session);
  Result<worktree::Slot> slot_of(run::SessionIndex session, const std::string& name);

  const plan::Plan& plan_;
  const std::unordered_map<std::string_view, const plan::Agent*> agents_;  // of the plan, by name
  const Site& site_;
  const std::string base_;
  const HoleValues run_holes_;  // run and date
  GitThreads& git_;
  worktree::Pool& pool_;
  JobBoard& jobs_;
  Timers& timers_;
  Desk& desk_;
  Evidence evidence_;
  Gates* gates_ = nullptr;
  Permits* permits_ = nullptr;
  WriteSets* write_sets_ = nullptr;
  Post tell_;  // with `write_sets_`
  Models* models_ = nullptr;
  const RunPurses* purses_ = nullptr;
  Probes* probes_ = nullptr;

  std::atomic<bool> abandoned_{false};  // nothing is tried again
  std::atomic<bool> begins_none_{false};

  std::mutex mutex_;                                                 // guards the three below
  std::set<std::pair<std::uint32_t, std::uint32_t>> judged_merges_;  // task, epoch
  std::map<run::SessionIndex, Held> sessions_;
  std::map<std::string, worktree::Slot>
      shared_;  // by start commit: for plain commands without a sandbox
};

// The end of a job in the run's words.
run::Exited exited_of(run::Attempt attempt, const process::JobReport& report);

// The branch of a task: the template's own text as written, the values of holes made fit for a ref.
std::string branch_name(const plan::Template& text, const HoleValues& values);

// What tells the refs of one task from those of another: its place in the run, and its item for
// people.
std::string task_name(const TaskFacts& task);

// Whether its sessions leave nothing but what they say: reviewers, and those that see no
// repository.
bool only_reads(const plan::Agent& agent);

// Of one attempt: the least of the step's, the agent's and its `session_max`; 0: none.
std::chrono::milliseconds timeout_of(const plan::Node& node, const plan::Agent* agent);
// Whether a session that reaches that has only grown as old as its fleet wants it to.
bool ends_by_age(const plan::Node& node, const plan::Agent& agent);

// REQUIRES: `hex` comes from the journal or from git.
worktree::Oid oid_of(const std::string& hex);

}  // namespace fleet::flow
