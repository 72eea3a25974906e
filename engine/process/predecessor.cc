#include "engine/process/predecessor.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "engine/base/unique_fd.h"
#include "engine/process/mark.h"
#include "engine/process/proc.h"

namespace fleet::process {
namespace {

constexpr std::chrono::seconds kHandOverPatience{10};

// The lock is free before a namespace's other processes are dead; the first one's descriptor
// becomes readable only after them.
Status await_death(const InstanceRecord& instance) {
  if (instance.boot != boot_id() || start_ticks(instance.pid) != instance.start_ticks)
    return {};
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, instance.pid, 0)));
  if (!process || start_ticks(instance.pid) != instance.start_ticks)
    return {};
  pollfd ready{process.get(), POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(kHandOverPatience).count())) ==
      1)
    return {};
  return Error(Errc::kTimeout,
               fmt::format("the keeper before this one, process {}, does not end", instance.pid));
}

std::vector<pid_t> marked(const std::vector<InstanceRecord>& instances) {
  std::vector<pid_t> found;
  for (const pid_t pid : all_processes()) {
    const std::optional<JobMark> mark = read_mark(pid);
    const auto left_it = [&](const InstanceRecord& instance) {
      return mark->keeper == instance.mark;
    };
    if (mark && std::any_of(instances.begin(), instances.end(), left_it))
      found.push_back(pid);
  }
  return found;
}

// Not a zombie that its parent has not taken yet.
bool is_alive(pid_t pid) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd ready{process.get(), POLLIN, 0};
  return process && ::poll(&ready, 1, 0) == 0;
}

std::string listing(const std::set<pid_t>& pids) {
  std::string text;
  for (const pid_t pid : pids)
    text += fmt::format("{}{}", text.empty() ? "" : ", ", pid);
  return text;
}

}  // namespace

Status end_predecessors(SpoolState& previous) {
  if (previous.instances.empty())
    return {};
  for (const InstanceRecord& instance : previous.instances)
    FLEET_CHECK(await_death(instance));
  std::set<pid_t> killed;
  const auto give_up = std::chrono::steady_clock::now() + kHandOverPatience;
  while (true) {
    std::vector<pid_t> left = marked(previous.instances);
    std::erase_if(left, [](pid_t pid) { return !is_alive(pid); });
    if (left.empty())
      break;
    for (const pid_t pid : left)
      ::kill(pid, SIGKILL);
    killed.insert(left.begin(), left.end());
    if (std::chrono::steady_clock::now() >= give_up)
      return Error(
          Errc::kTimeout,
          fmt::format("processes of jobs of the keeper before this one can't be killed: {}",
                      listing({left.begin(), left.end()})));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  if (!killed.empty())
    previous.notices.push_back(fmt::format(
        "processes that the keeper before this one had left were killed: {}", listing(killed)));
  return {};
}

}  // namespace fleet::process
