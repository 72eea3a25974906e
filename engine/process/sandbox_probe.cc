// Whether bubblewrap works here: it is run, since the ways in which a machine can forbid it are
// many.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "engine/base/unique_fd.h"
#include "engine/process/job.h"
#include "engine/process/sandbox.h"

namespace fleet::process {
namespace {

// The absolute path of a program in the places where distributions put bubblewrap.
std::string find_bubblewrap() {
  for (const char* place :
       {"/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap", "/run/current-system/sw/bin/bwrap"})
    if (::access(place, X_OK) == 0)
      return place;
  return {};
}

struct ProbeEnd {
  std::string output;
  std::string status;
  bool timed_out = false;
};

std::string drain(int fd) {
  std::array<char, 4'096> buffer{};
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
}

// REQUIRES: argv[0] is a path. The child gets `status` as 3 and `output` as 1 and 2.
Result<pid_t> spawn_probe(const std::vector<std::string>& argv, int output, int status) {
  std::vector<char*> args;
  for (const std::string& each : argv)
    args.push_back(const_cast<char*>(each.c_str()));
  args.push_back(nullptr);
  std::string search = "PATH=/usr/bin:/bin";
  std::array<char*, 2> env = {search.data(), nullptr};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, 1);
  posix_spawn_file_actions_adddup2(&files, output, 2);
  posix_spawn_file_actions_adddup2(&files, status, 3);
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&how, &none);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, args.front(), &files, &how, args.data(), env.data());
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0)
    return os_error("start", argv.front(), error);
  return pid;
}

Result<ProbeEnd> run_probe(const std::vector<std::string>& argv) {
  std::array<int, 2> output{};
  std::array<int, 2> status{};
  if (::pipe2(output.data(), O_CLOEXEC) != 0)
    return os_error("pipe", "of the sandbox's probe", errno);
  UniqueFd output_in(output[0]);
  UniqueFd output_out(output[1]);
  if (::pipe2(status.data(), O_CLOEXEC) != 0)
    return os_error("pipe", "of the sandbox's probe", errno);
  UniqueFd status_in(status[0]);
  // Out of the way of 0 to 3, which the child's file actions write to.
  UniqueFd status_out(::fcntl(status[1], F_DUPFD_CLOEXEC, 10));
  UniqueFd moved_output(::fcntl(output_out.get(), F_DUPFD_CLOEXEC, 10));
  ::close(status[1]);
  output_out.reset();
  FLEET_TRY(const pid_t pid, spawn_probe(argv, moved_output.get(), status_out.get()));
  status_out.reset();
  moved_output.reset();
  ProbeEnd end;
  pollfd ready{status_in.get(), POLLIN, 0};
  constexpr int kPatience = 5'000;  // ms, for each line of two
  while (!end.timed_out) {
    end.timed_out = ::poll(&ready, 1, kPatience) == 0;
    const std::string part = end.timed_out ? std::string() : drain(status_in.get());
    if (part.empty())
      break;
    end.status += part;
  }
  if (end.timed_out)
    ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  ::fcntl(output_in.get(), F_SETFL, O_NONBLOCK);
  end.output = drain(output_in.get());
  return end;
}

}  // namespace

SandboxProbe probe_sandbox() {
  SandboxProbe probe;
  probe.program = find_bubblewrap();
  if (probe.program.empty()) {
    probe.reason = "bubblewrap (bwrap) is not installed";
    return probe;
  }
  JobSpec job;
  job.argv = {"true"};
  job.cwd = "/";
  job.sandbox.emplace().network = false;
  std::vector<std::string> argv = sandbox_argv(job, 3);
  argv.insert(argv.begin(), probe.program);
  Result<ProbeEnd> ended = run_probe(argv);
  if (!ended) {
    probe.reason = ended.error().message();
    return probe;
  }
  const SandboxEnd end = classify_sandbox_end(ended->status, ended->output);
  probe.available = end.ran && end.code == 0;
  if (ended->timed_out)
    probe.reason = "bubblewrap did not come up within 5 s";
  else if (!probe.available)
    probe.reason = end.ran ? fmt::format("a trial command ended with exit {}", end.code) : end.text;
  return probe;
}

}  // namespace fleet::process
