// From a job's fate to its report: gives each report its sequence, makes ends durable in groups
// before anybody is told of them or a successor starts, and keeps what is to be told. No processes,
// no sockets.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/os/clock.h"
#include "engine/process/job_table.h"
#include "engine/process/spool.h"

namespace fleet::process {

class Recorder {
 public:
  // Takes over what the previous keeper left: its ended jobs, and as kLost those that it had
  // started. Its processes must be gone. The spool is written anew.
  static Result<Recorder> open(std::filesystem::path file, InstanceRecord instance,
                               SpoolState previous, JobTable& table, const os::Clock& clock);

  // Before the job's process exists. Its sequence is in the report that comes back to started().
  std::uint64_t announce(const Job& job);
  // Makes announcements safe from this process's death. kNoSpace: call again later.
  Status write() { return spool_.write(); }
  void started(Job& job, JobReport report);

  // Decides the job, and drops what can't start any more. The report needs no sequence.
  void end(Job& job, JobReport report);
  // A job that ends without ever having run.
  void end_unstarted(Job& job, End how, std::string text);

  // Whether commit() should be called now, given whether something else could be started meanwhile;
  // and when at the latest, if something waits.
  bool commit_due(bool more_to_start) const;
  std::optional<os::MonoTime> commit_by() const;
  // One sync for all ends so far; settles them. REQUIRES: every announced job was started or has
  // ended. kNoSpace: call again later; any other error is final.
  Status commit();

  // What is settled or started since the last call, in the order of the sequences.
  std::vector<JobReport> take_news() { return std::exchange(news_, {}); }

  // The engine has seen `sequence`: later reports are above it, even if the spool had to forget it.
  void seen(std::uint64_t sequence);
  std::uint64_t generation() const { return instance_.generation; }
  Status set_generation(std::uint64_t generation);
  Status release(std::string_view run);

 private:
  Recorder(std::filesystem::path file, InstanceRecord instance, JobTable& table,
           const os::Clock& clock, Spool spool);
  Status rewrite();

  std::filesystem::path file_;
  InstanceRecord instance_;  // its next_sequence is the one to give out next
  JobTable* table_;
  const os::Clock* clock_;
  Spool spool_;
  std::chrono::nanoseconds group_time_;
  std::uint64_t rewrite_at_ = 0;  // bytes
  std::vector<std::pair<Job*, JobReport>> undurable_;
  std::vector<JobReport> news_;    // settled, and started before these
  std::vector<JobReport> starts_;  // since the last commit
  os::MonoTime oldest_{};          // of undurable_ and starts_
};

}  // namespace fleet::process
