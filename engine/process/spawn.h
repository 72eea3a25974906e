// Starts one process, quickly: the child borrows this process's memory until it executes, so the
// cost does not grow with it. REQUIRES of the calling process, which is single-threaded: every
// signal has its default disposition, every descriptor above 2 is close-on-exec.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "engine/process/job.h"
#include "engine/process/mark.h"

namespace fleet::process {

// Where a sandboxed child finds its status descriptor.
inline constexpr int kStatusFd = 3;

struct SpawnRequest {
  std::string program;  // a path
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::string cwd;
  int null_fd = -1;    // becomes 0
  int output_fd = -1;  // becomes 1 and 2
  int status_fd = -1;  // becomes kStatusFd, if not negative
  JobMark mark;
  rlimit files{};  // RLIMIT_NOFILE of the child
  bool die_with_parent = false;
};

struct SpawnOutcome {
  pid_t pid = 0;  // leader of a session and group of its own; 0: it did not start
  SpawnFailure failure = SpawnFailure::kNone;
  std::string text;
};

SpawnOutcome spawn(const SpawnRequest& request);

// argv[0] as a path: itself where it has a slash, else the first executable file of that name in
// the absolute directories of env's PATH. Empty: there is none.
std::string find_program(const std::string& name, const std::vector<std::string>& env);

}  // namespace fleet::process
