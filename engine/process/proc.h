// What /proc says of processes. Numbers are those of the PID namespace that /proc was mounted in.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace fleet::process {

// Field 22 of /proc/PID/stat, which tells a process from a later one with the same number; empty:
// gone.
std::optional<std::uint64_t> start_ticks(pid_t pid);
// Changes with each boot.
std::string boot_id();
std::vector<pid_t> all_processes();

// The children of this process, orphans that it adopted included. Cheap to read again.
class Children {
 public:
  // REQUIRES: called by the process's only thread. kUnsupported: the kernel does not offer it.
  static Result<Children> open();
  std::vector<pid_t> read() const;

 private:
  explicit Children(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace fleet::process
