// What the engine of a repository has once, however many runs it carries on at a time: the
// journal's lock, the keeper with what its sessions report, the worktrees, and who may have a
// session now. Knows nothing of any one run. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/flow/job_board.h"
#include "engine/flow/journal_log.h"
#include "engine/flow/permits.h"
#include "engine/flow/postage.h"
#include "engine/flow/probes.h"
#include "engine/flow/purses.h"
#include "engine/flow/site.h"
#include "engine/flow/timers.h"
#include "engine/flow/write_sets.h"
#include "engine/journal/journal.h"
#include "engine/process/launcher.h"
#include "engine/worktree/pool.h"

namespace fleet::process {
class DispatchThread;
}

namespace fleet::flow {

struct WorkshopOptions {
  Site site;               // without a run
  std::uint32_t jobs = 1;  // processes at once
  bool jobs_said = false;  // by the user, just now
  bool accept_lost_tail = false;
};

class Workshop {
 public:
  // Takes the repository's lock: kBusy while another engine is at work there.
  static Result<std::unique_ptr<Workshop>> open(WorkshopOptions options);
  // REQUIRES: every run has left.
  ~Workshop();

  const Site& site() const { return options_.site; }
  std::uint32_t jobs() const { return options_.jobs; }
  bool jobs_said() const { return options_.jobs_said; }
  bool accepts_lost_tail() const { return options_.accept_lost_tail; }

  journal::Journal& journal() { return *journal_; }
  Permits& permits() { return permits_; }
  Postage& postage() { return postage_; }
  Probes& probes() { return probes_; }
  WriteSets& write_sets() { return write_sets_; }
  // What all runs of a day may spend together; null: nothing counts that.
  void share(std::shared_ptr<DayPurses> day);
  std::shared_ptr<DayPurses> day() const;

  // Starts the keeper, or finds the one that is there, at the first call; likewise the folder of
  // worktrees. `launcher`, `board` and `pool` are usable from then on.
  Status equip();
  process::Launcher& launcher() { return *launcher_; }
  JobBoard& board() { return *board_; }
  worktree::Pool& pool() { return *pool_; }

  // The log hears of what becomes durable until `leave`, which waits for a call that is under way.
  void join(JournalLog& log);
  void leave(JournalLog& log);
  // Whether more than one has joined: each run has a log.
  bool is_shared() const;

  // `failed` is called once, from any thread, when the keeper's reports do not reach the board any
  // more; at once where that has happened already. `key`: unique among those that listen.
  void listen(const std::string& key, std::function<void(const Error&)> failed);
  void hush(const std::string& key);  // waits for a call that is under way
  // From now on the keeper's reports reach the board; again is harmless.
  Status serve();

 private:
  explicit Workshop(WorkshopOptions options);
  void lost(Error error);

  const WorkshopOptions options_;

  mutable std::mutex logs_mutex_;  // guards the one below; held while they are called
  std::map<JournalLog*, journal::OnDurable> logs_;
  std::unique_ptr<journal::Journal> journal_;

  Permits permits_;
  Postage postage_;
  std::unique_ptr<Timers> timers_;  // the permits'; made by equip
  Probes probes_;
  WriteSets write_sets_;

  mutable std::mutex day_mutex_;  // guards the one below
  std::shared_ptr<DayPurses> day_;

  std::mutex equip_mutex_;  // guards the making of the four below
  std::unique_ptr<process::Launcher> launcher_;
  std::unique_ptr<JobBoard> board_;
  std::unique_ptr<worktree::Pool> pool_;
  std::unique_ptr<process::DispatchThread> dispatch_;

  std::mutex listeners_mutex_;  // guards the two below; held while they are called
  std::map<std::string, std::function<void(const Error&)>> listeners_;
  std::optional<Error> lost_;
};

}  // namespace fleet::flow
