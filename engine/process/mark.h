// How a process is known as one of a job's, whatever it does to detach itself: every process of a
// job inherits a resource limit of a value that is unique to the job. The limit (real-time CPU
// time) is so high that it has no effect. It passes fork, exec, setsid and an emptied environment,
// can be read of any process of the same user, and only a privileged process can raise it.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fleet::process {

struct JobMark {
  std::uint32_t keeper = 0;  // one life of a keeper
  std::uint32_t job = 0;     // below 2^30; 0: the keeper's own
  friend auto operator<=>(const JobMark&, const JobMark&) = default;
};

// A random keeper half that this process may give to its children: below its own mark's, if it is
// itself marked (a keeper started within a job).
std::uint32_t choose_keeper_mark();

// Async-signal-safe. False: a limit set by the administrator is in the way.
bool mark_this_process(JobMark mark);
std::optional<JobMark> read_mark(pid_t pid);
// Whether a limit, as /proc/PID/limits prints it, is a mark.
bool is_marked_limit(std::string_view printed);

}  // namespace fleet::process
