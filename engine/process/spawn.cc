#include "engine/process/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>

namespace fleet::process {
namespace {

enum class Step { kNone, kPrepare, kDirectory, kExecute };

// Shared with the child, which runs in this memory while the parent waits.
struct Launch {
  const SpawnRequest* request = nullptr;
  char* const* argv = nullptr;
  char* const* env = nullptr;
  pid_t parent = 0;
  Step failed = Step::kNone;
  int error = 0;
};

bool place_descriptors(const SpawnRequest& request) {
  if (::dup2(request.null_fd, 0) < 0 || ::dup2(request.output_fd, 1) < 0 ||
      ::dup2(request.output_fd, 2) < 0)
    return false;
  if (request.status_fd < 0)
    return true;
  if (request.status_fd == kStatusFd)
    return ::fcntl(kStatusFd, F_SETFD, 0) == 0;
  return ::dup2(request.status_fd, kStatusFd) >= 0;
}

bool set_limits(const SpawnRequest& request) {
  mark_this_process(request.mark);
  return ::setrlimit(RLIMIT_NOFILE, &request.files) == 0;
}

// False too when the parent died before the request was made.
bool die_with(pid_t parent) {
  return ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::getppid() == parent;
}

// Only system calls from here on: the parent's memory must be as it was when it goes on.
Step prepare_and_execute(const Launch& launch) {
  const SpawnRequest& request = *launch.request;
  if (::setsid() < 0 || !place_descriptors(request) || !set_limits(request))
    return Step::kPrepare;
  if (request.die_with_parent && !die_with(launch.parent))
    return Step::kPrepare;
  if (::chdir(request.cwd.c_str()) != 0)
    return Step::kDirectory;
  sigset_t none;
  ::sigemptyset(&none);
  if (::sigprocmask(SIG_SETMASK, &none, nullptr) != 0)
    return Step::kPrepare;
  ::execve(request.program.c_str(), launch.argv, launch.env);
  return Step::kExecute;
}

__attribute__((no_sanitize("address", "thread"))) int child_main(void* argument) {
  Launch& launch = *static_cast<Launch*>(argument);
  launch.failed = prepare_and_execute(launch);
  launch.error = errno;
  ::_exit(127);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& text : texts)
    all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

// Of a machine that is short of something, or of a file that is just being written.
bool may_pass(int error) {
  switch (error) {
    case ENOMEM:
    case EAGAIN:
    case ENFILE:
    case EMFILE:
    case EIO:
    case ETXTBSY: return true;
    default: return false;
  }
}

SpawnFailure failure_of(Step step, int error) {
  if (step == Step::kPrepare || may_pass(error))
    return SpawnFailure::kResources;
  if (step == Step::kDirectory)
    return SpawnFailure::kDirectory;
  if (error == ENOENT || error == ENOTDIR)
    return SpawnFailure::kCommandNotFound;
  return SpawnFailure::kNotExecutable;
}

SpawnOutcome failed(SpawnFailure failure, std::string_view subject, int error) {
  return {0, failure, fmt::format("{}: {}", subject, std::generic_category().message(error))};
}

std::string_view subject_of(Step step, const SpawnRequest& request) {
  if (step == Step::kDirectory)
    return request.cwd;
  return request.argv.front();
}

bool is_program(const std::string& file) {
  struct stat about {};
  return ::stat(file.c_str(), &about) == 0 && S_ISREG(about.st_mode) &&
         ::access(file.c_str(), X_OK) == 0;
}

std::string_view search_path(const std::vector<std::string>& env) {
  constexpr std::string_view kName = "PATH=";
  for (const std::string& each : env)
    if (each.starts_with(kName))
      return std::string_view(each).substr(kName.size());
  return {};
}

}  // namespace

SpawnOutcome spawn(const SpawnRequest& request) {
  constexpr std::size_t kStack = std::size_t{64} << 10;
  alignas(std::max_align_t) static std::array<std::byte, kStack> stack;
  const std::vector<char*> argv = pointers(request.argv);
  const std::vector<char*> env = pointers(request.env);
  Launch launch{&request, argv.data(), env.data(), ::getpid()};
  const pid_t pid =
      ::clone(&child_main, stack.data() + stack.size(), CLONE_VM | CLONE_VFORK | SIGCHLD, &launch);
  if (pid < 0)
    return failed(SpawnFailure::kResources, "a new process", errno);
  if (launch.failed == Step::kNone)
    return {pid, SpawnFailure::kNone, {}};
  ::waitpid(pid, nullptr, 0);
  return failed(failure_of(launch.failed, launch.error), subject_of(launch.failed, request),
                launch.error);
}

std::string find_program(const std::string& name, const std::vector<std::string>& env) {
  if (name.find('/') != std::string::npos)
    return name;
  for (std::string_view rest = search_path(env); !rest.empty();) {
    const std::string_view place = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(place.size() + 1, rest.size()));
    std::string file = fmt::format("{}/{}", place, name);
    if (place.starts_with('/') && is_program(file))
      return file;
  }
  return {};
}

}  // namespace fleet::process
