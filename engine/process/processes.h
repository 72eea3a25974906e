// The process trees of running jobs: starts them, ends them when their time or output is over, and
// says that a job has ended only when nothing that it started is left. Knows nothing of queues, the
// spool or the socket. One thread, which is the process's only one.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/os/clock.h"
#include "engine/process/job.h"
#include "engine/process/mark.h"
#include "engine/process/proc.h"

namespace fleet::process {

struct ProcessTree;

class Processes {
 public:
  struct Options {
    std::uint32_t keeper_mark = 0;
    std::string bubblewrap;         // empty: no sandbox
    std::string no_sandbox_reason;  // then
    bool die_with_keeper = false;   // where no PID namespace sees to it
  };
  // Every child of the process is waited for by this object from now on.
  static Result<Processes> create(Options options, const os::Clock& clock);
  Processes(Processes&&) noexcept;
  ~Processes();

  // kStarted, or kEnded with kSpawnFailed; no sequence. `spec` must stay until the job has ended.
  JobReport start(const JobSpec& spec);

  // TERM now, KILL after the grace; `cause` becomes the end's `how`. A second call can only
  // shorten.
  void stop(const JobKey& key, End cause, std::chrono::milliseconds grace);

  // After SIGCHLD: takes what has exited and kills what it left.
  void reap();
  // When a deadline has passed: timeouts, overdue kills, output limits.
  void tick();
  std::optional<os::MonoTime> next_deadline() const;

  // The kEnded reports since the last call; no sequence.
  std::vector<JobReport> take_ended() { return std::exchange(ended_, {}); }

  std::size_t running() const { return trees_.size(); }

 private:
  Processes(Options options, const os::Clock& clock, Children children, UniqueFd null);

  JobReport enter(std::unique_ptr<ProcessTree> tree);
  ProcessTree* find(const JobKey& key);
  void main_exited(ProcessTree& tree, int wait_status, const rusage& usage);
  void sweep();
  // The job that an orphan descends from, if it is one that is still in this table.
  ProcessTree* owner_of(pid_t orphan);
  bool is_leftover(pid_t orphan);
  void finish(ProcessTree& tree);
  void stop(ProcessTree& tree, End cause, std::chrono::milliseconds grace);
  void kill_tree(ProcessTree& tree);
  void act(ProcessTree& tree);

  Options options_;
  const os::Clock* clock_;
  Children children_;
  UniqueFd null_;
  rlimit files_{};  // what jobs get
  std::uint32_t next_serial_ = 1;
  std::map<std::uint32_t, std::unique_ptr<ProcessTree>> trees_;  // by the job half of the mark
  std::unordered_map<pid_t, ProcessTree*> mains_;                // until the main process is reaped
  std::unordered_map<pid_t, ProcessTree*>
      inits_;                         // sandboxes' first processes, once they are orphans
  std::vector<ProcessTree*> exited_;  // their mains are reaped, what they left may not be
  // Orphans whose job can't be told, with the newest serial when they were first seen.
  std::map<pid_t, std::uint32_t> strangers_;
  std::multimap<os::MonoTime, std::uint32_t> deadlines_;
  std::vector<JobReport> ended_;
};

}  // namespace fleet::process
