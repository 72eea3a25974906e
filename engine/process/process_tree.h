// One running job as the kernel has it: what processes.cc keeps of it and how its end is told.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/unique_fd.h"
#include "engine/os/clock.h"
#include "engine/process/job.h"

namespace fleet::process {

struct ProcessTree {
  const JobSpec* spec = nullptr;
  std::uint32_t serial = 0;
  pid_t main = 0;  // bubblewrap's outer process where there is a sandbox
  UniqueFd output;
  std::uint64_t output_start = 0;  // size of the file before the job
  UniqueFd status;                 // bubblewrap's
  std::string status_text;
  os::WallTime started{};
  os::MonoTime started_mono{};

  std::optional<End> cause;  // why it is being ended
  std::optional<os::MonoTime> kill_at;
  bool killed = false;

  bool exited = false;  // the main process; what it left may still be there
  int wait_status = 0;
  os::WallTime ended{};
  os::MonoTime ended_mono{};
  std::chrono::microseconds cpu_user{0};
  std::chrono::microseconds cpu_system{0};
  std::uint64_t max_rss = 0;
  std::optional<os::MonoTime> give_up_at;  // waiting for the rest of it
  std::uint32_t left = 0;                  // of its processes, at the last look
};

void add_usage(ProcessTree& tree, const rusage& usage);

// What the job has written so far; 0 where it goes nowhere.
std::uint64_t output_bytes(const ProcessTree& tree);

// Takes what bubblewrap has written to its status descriptor.
void read_status(ProcessTree& tree);

// REQUIRES: tree.exited. The kEnded report, without a sequence.
JobReport end_report(ProcessTree& tree);

}  // namespace fleet::process
