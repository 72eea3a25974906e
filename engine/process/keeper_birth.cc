#include "engine/process/keeper_birth.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "engine/os/socket.h"
#include "engine/process/keeper_loop.h"
#include "engine/process/mark.h"
#include "engine/process/sandbox.h"

namespace fleet::process {
namespace {

constexpr int kStillborn = 70;

Status write_file(const char* file, const std::string& text) {
  const UniqueFd fd(::open(file, O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return os_error("write", file, errno);
  return {};
}

// The next child will be PID 1 of a namespace of its own. For others than root that takes a user
// namespace, in which everybody keeps the same number.
Status unshare_processes() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  const int needed = CLONE_NEWPID | CLONE_NEWNS;
  if (::unshare(user == 0 ? needed : needed | CLONE_NEWUSER) != 0)
    return os_error("unshare", "a PID namespace", errno);
  if (user == 0)
    return {};
  FLEET_CHECK(write_file("/proc/self/setgroups", "deny"));
  FLEET_CHECK(write_file("/proc/self/uid_map", fmt::format("{0} {0} 1", user)));
  return write_file("/proc/self/gid_map", fmt::format("{0} {0} 1", group));
}

// What PID 1 sees of processes shall be its own; what is mounted elsewhere later shall appear here
// too.
Status mount_own_proc() {
  if (::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    return os_error("mount", "/ as a slave", errno);
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    return os_error("mount", "a /proc of its own", errno);
  return {};
}

// Jobs inherit neither ignored signals nor a terminal.
Result<UniqueFd> settle_signals() {
  for (int signal = 1; signal < NSIG; ++signal)
    ::signal(signal, SIG_DFL);
  sigset_t heard;
  ::sigemptyset(&heard);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT})
    ::sigaddset(&heard, signal);
  sigset_t blocked = heard;
  for (const int signal : {SIGHUP, SIGPIPE, SIGQUIT})
    ::sigaddset(&blocked, signal);
  ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
  UniqueFd fd(::signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd)
    return os_error("signalfd", "of the keeper", errno);
  return fd;
}

// An aborted keeper leaves its last words in a file.
Status leave_terminal(const std::filesystem::path& directory) {
  ::setsid();
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const std::string file = directory / "log";
  const UniqueFd log(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!null || !log)
    return os_error("open", file, errno);
  ::dup2(null.get(), STDIN_FILENO);
  ::dup2(null.get(), STDOUT_FILENO);
  ::dup2(log.get(), STDERR_FILENO);
  return ::chdir("/") == 0 ? Status() : os_error("chdir", "/", errno);
}

UserMode user_mode(bool namespaced) {
  if (::geteuid() == 0)
    return UserMode::kRoot;
  return namespaced ? UserMode::kUserNamespace : UserMode::kUser;
}

Result<std::unique_ptr<KeeperLoop>> make_loop(Birth& birth, InstanceRecord instance) {
  const os::Clock& clock = os::system_clock();
  KeeperLoop::Setup setup;
  setup.idle = birth.idle;
  setup.mark = instance.mark;
  FLEET_TRY(setup.signals, settle_signals());
  SandboxProbe probe = probe_sandbox();
  // What it says holds as long as this keeper lives; a machine that was short of something for a
  // moment is asked once more.
  if (!probe.available)
    probe = probe_sandbox();
  setup.capabilities = {.pid_namespace = instance.namespaced,
                        .pid_namespace_reason = birth.no_namespace_reason,
                        .sandbox = probe.available,
                        .sandbox_reason = probe.reason,
                        .user = user_mode(instance.namespaced),
                        .keeper_pid = instance.pid,
                        .notices = birth.previous.notices};
  Processes::Options options{instance.mark, probe.available ? probe.program : std::string(),
                             probe.reason, !instance.namespaced};
  FLEET_TRY(Processes processes, Processes::create(std::move(options), clock));
  auto table = std::make_unique<JobTable>();
  FLEET_TRY(Recorder recorder, Recorder::open(birth.directory / "spool", std::move(instance),
                                              std::move(birth.previous), *table, clock));
  FLEET_TRY(setup.listener, os::listen_at(birth.directory, "socket"));
  auto loop = std::make_unique<KeeperLoop>(std::move(setup), std::move(table), std::move(recorder),
                                           std::move(processes), clock);
  FLEET_CHECK(loop->prepare());
  return loop;
}

int live(Birth birth, InstanceRecord instance) {
  if (!instance.namespaced)
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  else if (const Status mounted = mount_own_proc(); !mounted) {
    birth.speak(Birth::Word::kNoNamespace, mounted.error().message());
    return kStillborn;
  }
  ::prctl(PR_SET_NAME, "fleetc-keeper");
  Status settled = leave_terminal(birth.directory);
  Result<std::unique_ptr<KeeperLoop>> loop =
      settled ? make_loop(birth, std::move(instance)) : std::move(settled).error();
  if (!loop) {
    birth.speak(Birth::Word::kFailed, loop.error().message());
    return kStillborn;
  }
  birth.speak(Birth::Word::kReady, "");
  const Status ended = (*loop)->run();
  if (ended)
    return 0;
  const std::string line = ended.error().message() + "\n";
  [[maybe_unused]] const ssize_t wrote = ::write(STDERR_FILENO, line.data(), line.size());
  return kStillborn;
}

}  // namespace

Birth::Word Birth::hear(int fd) {
  std::string text;
  std::array<char, 4'096> buffer{};
  ssize_t got = 0;
  while ((got = ::read(fd, buffer.data(), buffer.size())) > 0 || (got < 0 && errno == EINTR))
    text.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (text.empty())
    return {Word::kFailed, "the keeper died at its start"};
  return {static_cast<Word::Kind>(text.front()), text.substr(1)};
}

void Birth::speak(Word::Kind kind, std::string_view text) {
  const std::string word = std::string(1, kind).append(text);
  [[maybe_unused]] const ssize_t wrote = ::write(words.get(), word.data(), word.size());
  words.reset();
}

int run_birth(Birth birth) {
  InstanceRecord instance;
  instance.namespaced = birth.no_namespace_reason.empty();
  instance.mark = choose_keeper_mark();
  instance.boot = boot_id();
  if (instance.namespaced)
    if (const Status unshared = unshare_processes(); !unshared) {
      birth.speak(Birth::Word::kNoNamespace, unshared.error().message());
      return kStillborn;
    }
  // The keeper's number and start are told from out here: inside it is just 1.
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    birth.speak(Birth::Word::kFailed, os_error("pipe", "to the keeper", errno).message());
    return kStillborn;
  }
  UniqueFd hear(pipe[0]);
  UniqueFd tell(pipe[1]);
  const pid_t pid = ::fork();
  if (pid < 0) {
    birth.speak(instance.namespaced ? Birth::Word::kNoNamespace : Birth::Word::kFailed,
                os_error("fork", "the keeper", errno).message());
    return kStillborn;
  }
  std::array<std::uint64_t, 2> about{static_cast<std::uint64_t>(pid), 0};
  if (pid > 0) {
    about[1] = start_ticks(pid).value_or(0);
    return ::write(tell.get(), about.data(), sizeof about) == sizeof about ? 0 : kStillborn;
  }
  tell.reset();
  if (::read(hear.get(), about.data(), sizeof about) != sizeof about)
    return kStillborn;
  hear.reset();
  instance.pid = static_cast<std::int32_t>(about[0]);
  instance.start_ticks = about[1];
  return live(std::move(birth), std::move(instance));
}

}  // namespace fleet::process
