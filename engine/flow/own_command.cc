#include "engine/flow/own_command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <map>

#include <fmt/format.h>

#include "engine/base/unique_fd.h"
#include "engine/flow/order.h"

namespace fleet::flow {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

constexpr std::size_t kMaxOutput = std::size_t{64} << 10;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts)
    out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

Result<pid_t> start(const OwnCommand& own, const Site& site, int output) {
  std::vector<std::string> words, variables;
  for (const plan::Template& word : own.command.argv)
    words.push_back(fill(word, HoleValues{}));
  std::map<std::string, std::string> environment = site.environment;
  for (const auto& [name, value] : own.variables)
    environment.insert_or_assign(name, value);
  for (const auto& [name, value] : environment)
    variables.push_back(name + "=" + value);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, 1);
  if (own.keep_errors)
    posix_spawn_file_actions_adddup2(&files, output, 2);
  else
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  if (!site.work_dir.empty())
    posix_spawn_file_actions_addchdir_np(&files, site.work_dir.c_str());
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&how, &none);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int error = words.empty()
                        ? ENOENT
                        : ::posix_spawnp(&pid, words.front().c_str(), &files, &how,
                                         pointers(words).data(), pointers(variables).data());
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0)
    return os_error("start", own.command.text, error);
  return pid;
}

// False: that did not come before the deadline.
bool wait_readable(int fd, Deadline deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return false;
    pollfd ready{fd, POLLIN, 0};
    const int come = ::poll(&ready, 1, static_cast<int>(left.count()));
    if (come > 0)
      return true;
    if (come < 0 && errno != EINTR)
      return false;
  }
}

enum class Read { kWhole, kTooLong, kTooMuch };

// All that comes until the other end is closed.
Read read_all(int from, std::string& text, Deadline deadline) {
  std::array<char, 4096> part{};
  while (wait_readable(from, deadline)) {
    const ssize_t got = ::read(from, part.data(), part.size());
    if (got == 0)
      return Read::kWhole;
    if (got > 0)
      text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxOutput)
      return Read::kTooMuch;
    if (got < 0 && errno != EINTR)
      break;
  }
  return Read::kTooLong;
}

// It may close its output and go on, or leave it to a child that does. False: it still runs at the
// deadline.
bool ends_by(pid_t pid, Deadline deadline) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return process && wait_readable(process.get(), deadline);
}

}  // namespace

Result<OwnOutput> run_own(const OwnCommand& own, const Site& site,
                          std::chrono::milliseconds patience) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return os_error("pipe", "of a command", errno);
  const UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  const Deadline deadline = std::chrono::steady_clock::now() + patience;
  FLEET_TRY(const pid_t pid, start(own, site, in.get()));
  in.reset();
  OwnOutput output;
  Read read = read_all(out.get(), output.text, deadline);
  if (read == Read::kWhole && !ends_by(pid, deadline))
    read = Read::kTooLong;
  if (read != Read::kWhole)
    ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (read == Read::kTooLong)
    return Error(Errc::kTimeout,
                 fmt::format("`{}` did not end within {} s, and was ended", own.command.text,
                             std::chrono::ceil<std::chrono::seconds>(patience).count()));
  if (read == Read::kTooMuch)
    return Error(Errc::kInvalid,
                 fmt::format("`{}` wrote more than {} KiB", own.command.text, kMaxOutput >> 10));
  if (WIFSIGNALED(status))
    output.ended = fmt::format("signal {}", WTERMSIG(status));
  else if (WEXITSTATUS(status) != 0)
    output.ended = fmt::format("exit {}", WEXITSTATUS(status));
  return output;
}

}  // namespace fleet::flow
