// The keeper's jobs and their order: what waits for what, what may start next, what was said of
// each. Pure: no processes, files or clock. A job leaves when its run is released.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/process/job.h"
#include "engine/process/launcher.h"

namespace fleet::process {

// Decided before it is durable: a success counts for successors only once it is settled.
enum class Fate : std::uint8_t { kOpen, kSuccess, kFailure };

struct Job {
  JobSpec spec;  // only the key once it has ended
  JobState state = JobState::kQueued;
  Fate fate = Fate::kOpen;
  std::uint64_t order = 0;    // of its submit
  std::uint32_t waiting = 0;  // for so many of spec.after
  std::vector<Job*> successors;
  JobReport report;  // the latest; sequence 0: none yet

  const JobKey& key() const { return spec.key; }
};

class JobTable {
 public:
  Job* find(const JobKey& key);

  // Null: known already. `doomed`: what it comes after has failed or is unknown; end it with
  // kDropped.
  struct Added {
    Job* job = nullptr;
    bool doomed = false;
  };
  Added add(JobSpec spec);
  // A job of which only a report is known. REQUIRES: its key is not in the table.
  Job& add_reported(JobReport report);

  // The queued job of the earliest submit, now kRunning; null: none.
  Job* take_next();
  bool has_queued() const { return !queue_.empty(); }
  void started(Job& job, JobReport report) { set_report(job, std::move(report)); }

  // How it ends is known. After a failure: all the jobs that can't start any more, in the order of
  // their submits; each has the fate of a failure already and wants a report of its own.
  std::vector<Job*> decide(Job& job, bool success);
  // The end is durable: armed successors of a success may be queued. REQUIRES: decided.
  void settle(Job& job, JobReport report);

  // Forgets the settled jobs of the run. Pointers to them are invalid afterwards.
  void release(std::string_view run);

  // Jobs without a settled end.
  std::size_t live() const { return live_; }
  // In the order of their reports, of those whose latest is above `since`.
  std::vector<const Job*> reported(std::uint64_t since) const;
  // In the order of their submits.
  std::vector<Job*> all() const;

 private:
  struct Hash {
    std::size_t operator()(const JobKey& key) const;
  };

  // False: it can't ever start.
  bool wait_for(Job& job, const JobKey& before);
  void queue(Job& job);
  void leave_queue(Job& job);
  void set_report(Job& job, JobReport report);

  std::unordered_map<JobKey, std::unique_ptr<Job>, Hash> jobs_;
  std::map<std::uint64_t, Job*> by_sequence_;
  std::map<std::uint64_t, Job*> queue_;  // by order
  std::size_t live_ = 0;
  std::uint64_t next_order_ = 0;
};

}  // namespace fleet::process
