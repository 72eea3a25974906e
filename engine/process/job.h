// A job: one command for the launcher to run, and what is said of it afterwards. Plain values.
// Knows nothing of plans, of a run's rules, of git or of the journal: a job is a program with
// arguments.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/os/clock.h"
#include "engine/process/sandbox.h"

namespace fleet::process {

inline constexpr std::size_t kMaxRunName = 1'024;  // bytes
inline constexpr std::size_t kMaxText = 4'096;     // bytes of JobReport::text

// Who a job is. Two submits with equal keys are the same job, in whatever process they were made.
struct JobKey {
  std::string run;
  std::uint32_t task = 0;
  std::uint32_t epoch = 0;
  std::uint32_t part = 0;  // 0: the session's process; 1 and up: its evidence commands
  friend auto operator<=>(const JobKey&, const JobKey&) = default;
  friend bool operator==(const JobKey&, const JobKey&) = default;
};

// "RUN/TASK.EPOCH.PART", decimal without leading zeros: injective whatever bytes the run's name
// has.
std::string to_string(const JobKey& key);
Result<JobKey> parse_job_key(std::string_view text);

// A submitted job has argv, no NUL in any string, and an absolute cwd and output (check_job).
// Anything else that is wrong with it (no such program, no such directory) is a report, not an
// error.
struct JobSpec {
  JobKey key;
  std::vector<std::string> argv;  // argv[0] without a slash is looked up in the PATH of `env`
  std::vector<std::string> env;   // "NAME=value", complete: nothing is inherited
  std::filesystem::path cwd;
  std::filesystem::path
      output;  // stdout and stderr are appended to it; created 0600; empty: discarded
  std::optional<SandboxSpec> sandbox;
  std::chrono::milliseconds timeout{0};    // from the start of the process; 0: none
  std::chrono::milliseconds grace{5'000};  // between TERM and KILL at a timeout or an output flood
  std::uint64_t output_limit = 0;          // bytes that may be appended to `output`; 0: no limit
  bool kill_with_engine = false;  // cancelled when the engine stays away longer than it announced
  // Armed: started by the launcher itself once all of these are recorded as kExited with code 0,
  // and dropped as soon as one is recorded otherwise. Each is submitted earlier or in the same
  // batch.
  std::vector<JobKey> after;
};

// kInvalid: what is malformed about it.
Status check_job(const JobSpec& job);

enum class End : std::uint8_t {
  kExited,  // by itself; `code` says how
  // By a signal that the launcher did not send. In a sandbox, an exit code of 128 plus a signal of
  // a crash counts as one, since bubblewrap doesn't tell them apart; another signal is kExited
  // there.
  kSignalled,
  kTimedOut,     // the launcher ended it: `timeout` was over
  kCancelled,    // by cancel(), before or after its start, or with its engine (kill_with_engine)
  kOutputLimit,  // the launcher ended it: it wrote too much
  kSpawnFailed,  // it never ran; `failure` and `text` say why
  kDropped,      // it never ran: a job it came after did not succeed, or was unknown
  kLost,         // what became of it is not known, but none of its processes is left
};

enum class SpawnFailure : std::uint8_t {
  kNone,
  kCommandNotFound,  // the program, or the interpreter named in its first line
  kNotExecutable,
  kDirectory,  // `cwd`
  kOutput,     // `output` can't be opened
  kSandbox,    // the sandbox could not be set up; `text` is its own message
  kResources,  // no more processes, memory or descriptors: another attempt may succeed
};

enum class ReportKind : std::uint8_t { kStarted, kEnded };

struct JobReport {
  std::uint64_t sequence = 0;  // rising over the life of a state directory; gaps are normal
  JobKey key;
  ReportKind kind = ReportKind::kStarted;
  // Within the launcher's PID namespace, where it has one (Capabilities); 0: not known any more.
  std::int32_t pid = 0;
  os::WallTime started{};  // zero: it never started

  // Of kEnded only.
  End how = End::kLost;
  std::int32_t code = -1;   // exit code of the main process, -1: none
  std::int32_t signal = 0;  // that ended the main process, 0: none
  SpawnFailure failure = SpawnFailure::kNone;
  std::string text;  // for people; empty for a plain exit
  os::WallTime ended{};
  std::chrono::microseconds duration{0};  // of CLOCK_BOOTTIME, start to exit of the main process
  std::chrono::microseconds cpu_user{0};  // of the main process and the children it waited for
  std::chrono::microseconds cpu_system{0};
  std::uint64_t max_rss = 0;       // bytes, of the largest of these
  std::uint64_t output_bytes = 0;  // appended to `output`
  std::uint32_t survivors = 0;     // processes that resisted SIGKILL when this was written

  // It never ran, for a reason that may pass: no processes, memory or descriptors to be had, a disk
  // that fails or is full.
  bool starved() const {
    return how == End::kSpawnFailed &&
           (failure == SpawnFailure::kResources || failure == SpawnFailure::kOutput);
  }
  bool success() const { return kind == ReportKind::kEnded && how == End::kExited && code == 0; }
};

// A sentence of a report for people: "exit 3", "signal 11", "timed out after 90 s", ...
std::string describe(const JobReport& report);
std::string_view to_string(End how);

}  // namespace fleet::process
