#include "engine/process/keeper_link.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "engine/os/crash_point.h"
#include "engine/os/socket.h"

namespace fleet::process {
namespace {

constexpr std::chrono::seconds kLinkPatience{20};

// The keeper gets none of the engine's environment, which may hold credentials, but what the
// program needs to run at all.
std::vector<char*> keeper_environment() {
  constexpr std::array<std::string_view, 8> kKept = {
      "PATH=", "LD_", "ASAN_", "UBSAN_", "TSAN_", "LSAN_", "GCOV_", os::kCrashVariables};
  std::vector<char*> kept;
  for (char** each = environ; *each != nullptr; ++each)
    if (std::any_of(kKept.begin(), kKept.end(), [&](std::string_view name) {
          return std::string_view(*each).starts_with(name);
        }))
      kept.push_back(*each);
  kept.push_back(nullptr);
  return kept;
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4'096> buffer{};
  ssize_t got = 0;
  while ((got = ::read(fd, buffer.data(), buffer.size())) > 0 || (got < 0 && errno == EINTR))
    text.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text;
}

Result<pid_t> spawn_starter(std::vector<std::string> argv, const std::string& executable,
                            int words) {
  std::vector<char*> args;
  for (std::string& each : argv)
    args.push_back(each.data());
  args.push_back(nullptr);
  std::vector<char*> env = keeper_environment();
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&files, STDIN_FILENO, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, words, STDERR_FILENO);
  posix_spawnattr_t how;
  ::posix_spawnattr_init(&how);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&how, &none);
  ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, executable.c_str(), &files, &how, args.data(), env.data());
  ::posix_spawnattr_destroy(&how);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0)
    return os_error("start", executable, error);
  return pid;
}

}  // namespace

Status start_keeper(const KeeperCommand& command) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    return os_error("pipe", "from the keeper", errno);
  const UniqueFd ours(pipe[0]);
  UniqueFd theirs(pipe[1]);
  std::vector<std::string> argv = {"fleetc",  "keeper",
                                   "--state", command.state.native(),
                                   "--idle",  std::to_string(command.idle.count())};
  if (!command.namespaces)
    argv.emplace_back("--no-namespaces");
  FLEET_TRY(const pid_t pid,
            spawn_starter(std::move(argv), command.executable.native(), theirs.get()));
  theirs.reset();
  const std::string words = read_all(ours.get());
  int wait_status = 0;
  while (::waitpid(pid, &wait_status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
    return {};
  return Error(Errc::kIo,
               "the keeper did not start: " + (words.empty() ? "it said nothing" : words));
}

Result<KeeperLink> KeeperLink::greet(const std::filesystem::path& state, const Hello& hello) {
  FLEET_TRY(UniqueFd fd, os::connect_at(state / "keeper", "socket"));
  KeeperLink link(std::move(fd));
  FLEET_CHECK(link.send(encode_frame(hello)));
  FLEET_TRY(Message answer, link.await_message(kLinkPatience));
  if (auto* refused = std::get_if<Refused>(&answer))
    return Error(refused->code, std::move(refused->text));
  auto* welcome = std::get_if<Welcome>(&answer);
  if (welcome == nullptr)
    return Error(Errc::kCorrupt, "the keeper answered a greeting with something else");
  link.capabilities_ = std::move(welcome->capabilities);
  return link;
}

Status KeeperLink::send(const std::string& frame) const {
  std::string_view rest = frame;
  while (!rest.empty()) {
    const ssize_t sent = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0)
      return Error(Errc::kCancelled, "the keeper is gone");
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

void KeeperLink::hang_up() const {
  ::shutdown(fd_.get(), SHUT_RDWR);
}

Result<std::optional<Message>> KeeperLink::poll_message() {
  while (true) {
    FLEET_TRY(const auto payload, in_.next());
    if (payload) {
      FLEET_TRY(Message message, decode_payload(*payload));
      return std::optional(std::move(message));
    }
    std::array<char, std::size_t{64} << 10> buffer;
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
      return std::optional<Message>();
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return Error(Errc::kCancelled, "the keeper is gone");
    in_.append({buffer.data(), static_cast<std::size_t>(got)});
  }
}

Result<Message> KeeperLink::await_message(std::chrono::milliseconds patience) {
  while (true) {
    FLEET_TRY(std::optional<Message> message, poll_message());
    if (message)
      return *std::move(message);
    pollfd ready{fd_.get(), POLLIN, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(patience.count()));
    if (count == 0)
      return Error(Errc::kTimeout, "the keeper does not answer");
  }
}

}  // namespace fleet::process
