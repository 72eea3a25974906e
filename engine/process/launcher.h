// Where jobs run: this machine's keeper, a simulation, later a cluster. The verbs are few so that
// each of these can offer all of them. The launcher is unaware of the graph; it just executes
// commands. It never retries: an end is reported and the caller decides.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/process/job.h"

namespace fleet::process {

enum class UserMode : std::uint8_t { kRoot, kUser, kUserNamespace };

struct Capabilities {
  bool pid_namespace =
      false;  // the launcher's death leaves no process of a job behind, by the kernel
  std::string pid_namespace_reason;  // why not
  bool sandbox = false;
  std::string sandbox_reason;  // why not, in the words of bubblewrap or of the system
  UserMode user = UserMode::kUser;
  std::int32_t keeper_pid = 0;  // as this process sees it
  // What people should know of the last start: a torn or damaged record of exits, processes found.
  std::vector<std::string> notices;
};

enum class JobState : std::uint8_t { kArmed, kQueued, kRunning, kEnding, kEnded };

struct JobStatus {
  JobKey key;
  JobState state = JobState::kQueued;
  JobReport report;  // kStarted of a running job, kEnded of a finished one; only `key` set before
};

// Batches of reports, sequences rising within a batch and from one to the next.
using ReportSink = std::function<void(std::vector<JobReport>)>;

// submit, cancel, set_jobs, expect, release and list are safe from any thread; watch, fd and
// dispatch belong to one thread, which is where the sink is called. The sink may call everything
// but dispatch.
class Launcher {
 public:
  virtual ~Launcher() = default;

  // Idempotent by key: a job that is known in any state, finished ones included, is left alone (so
  // an end that was reported is not reported again; list() tells it). kInvalid: nothing of the
  // batch was taken; sandbox specs are resolved here.
  virtual Status submit(std::vector<JobSpec> jobs) = 0;

  // TERM, `grace`, then KILL to everything the job started. Unknown or finished: nothing happens.
  virtual Status cancel(const JobKey& key, std::chrono::milliseconds grace) = 0;

  // At most `jobs` run at once; queued ones start in the order of their submits. REQUIRES: jobs >
  // 0.
  virtual Status set_jobs(std::uint32_t jobs) = 0;

  // "I believe these were submitted": those of which the launcher knows nothing are recorded and
  // reported as kLost (a record may be lost in a power cut, never its processes survive one).
  virtual Status expect(std::vector<JobKey> keys) = 0;

  // Forgets the finished jobs of a run; their keys become free. Call it when their ends are durable
  // on the caller's side.
  virtual Status release(std::string_view run) = 0;

  // Live jobs and finished ones that were not released.
  virtual Result<std::vector<JobStatus>> list() = 0;

  // Reports with sequence > since go to the sink, from now on and after every reconnection: each at
  // least once (exactly once as long as this object lives), but for those of released runs, and for
  // the start of a job whose end is reported. An end is durable before it is reported.
  virtual Status watch(std::uint64_t since, ReportSink sink) = 0;

  virtual const Capabilities& capabilities() const = 0;

  // Readable when dispatch() has something to do; the same for the launcher's whole life, so it can
  // stay in an epoll set. -1: call dispatch() at will.
  virtual int fd() const = 0;
  // Takes what has arrived and calls the sink. Blocks only to replace a launcher that died. An
  // error is final: kConflict when a newer engine took over.
  virtual Status dispatch() = 0;
};

}  // namespace fleet::process
