#include "engine/flow/secret.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <vector>

#include <fmt/format.h>

#include "engine/base/unique_fd.h"
#include "engine/flow/order.h"
#include "engine/os/files.h"

namespace fleet::flow {
namespace {

constexpr std::size_t kMaxSecret = std::size_t{64} << 10;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts)
    out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// With the engine's own environment, in the user's checkout; what it says beside the secret goes
// nowhere, since it may repeat it.
Result<pid_t> start(const plan::Command& command, const Site& site, int output) {
  std::vector<std::string> words, variables;
  for (const plan::Template& word : command.argv)
    words.push_back(fill(word, HoleValues{}));
  for (const auto& [name, value] : site.environment)
    variables.push_back(name + "=" + value);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, 1);
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
    return os_error("start", command.text, error);
  return pid;
}

using Moment = std::chrono::steady_clock::time_point;

// Whether there is something to read, or an end, before `end`.
bool wait_for(int from, Moment end) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd ready{from, POLLIN, 0};
    const int come = left.count() > 0 ? ::poll(&ready, 1, static_cast<int>(left.count())) : 0;
    if (come >= 0 || errno != EINTR)
      return come > 0;
  }
}

enum class Read { kWhole, kTooLong, kTooMuch };

// All that comes until the other end is closed.
Read read_all(int from, Moment end, std::string& text) {
  std::array<char, 4096> part{};
  while (wait_for(from, end)) {
    const ssize_t got = ::read(from, part.data(), part.size());
    if (got == 0)
      return Read::kWhole;
    if (got > 0)
      text.append(part.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxSecret)
      return Read::kTooMuch;
    if (got < 0 && errno != EINTR)
      break;
  }
  return Read::kTooLong;
}

// It may close its output and go on for ever, or leave it to a child that does.
Result<std::string> output_of(const plan::Command& command, const Site& site,
                              std::chrono::milliseconds patience) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return os_error("pipe", "of a credential's command", errno);
  const UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  const Moment end = std::chrono::steady_clock::now() + patience;
  FLEET_TRY(const pid_t pid, start(command, site, in.get()));
  in.reset();
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  std::string text;
  Read read = read_all(out.get(), end, text);
  if (read == Read::kWhole && !(process && wait_for(process.get(), end)))
    read = Read::kTooLong;
  if (read != Read::kWhole)
    ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (read == Read::kTooLong)
    return Error(Errc::kTimeout,
                 fmt::format("`{}` did not end within {} s, and was ended", command.text,
                             std::chrono::ceil<std::chrono::seconds>(patience).count()));
  if (read == Read::kTooMuch)
    return Error(Errc::kInvalid,
                 fmt::format("`{}` wrote more than {} KiB", command.text, kMaxSecret >> 10));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return Error(Errc::kInvalid,
                 fmt::format("`{}` failed ({})", command.text,
                             WIFEXITED(status) ? fmt::format("exit {}", WEXITSTATUS(status))
                                               : fmt::format("signal {}", WTERMSIG(status))));
  return text;
}

Result<std::string> text_of(const plan::Credential& credential, const Site& site,
                            std::chrono::milliseconds patience) {
  switch (credential.from) {
    case plan::Credential::From::kEnv: {
      const auto found = site.environment.find(credential.source);
      if (found == site.environment.end() || found->second.empty())
        return Error(Errc::kInvalid, credential.source + " is not set where fleetc was started");
      return found->second;
    }
    case plan::Credential::From::kFile:
      return os::system_files().read_file(secret_path(credential, site), kMaxSecret);
    case plan::Credential::From::kCommand: return output_of(*credential.command, site, patience);
  }
  return std::string();
}

}  // namespace

std::string secret_path(const plan::Credential& credential, const Site& site) {
  const std::string& path = credential.source;
  if (path.starts_with("~/"))
    return site.home + path.substr(1);
  return path.starts_with('/') ? path : site.work_dir + "/" + path;
}

Result<std::string> read_secret(const plan::Credential& credential, const Site& site,
                                std::chrono::milliseconds patience) {
  const auto refused = [&](const std::string& why) {
    return Error(Errc::kInvalid, fmt::format("the credential `{}` is not there: {}; {} renews it",
                                             credential.name, why, credential.owner));
  };
  Result<std::string> text = text_of(credential, site, patience);
  if (!text)
    return refused(text.error().message());
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r' || text->back() == ' '))
    text->pop_back();
  // It becomes a line of a header.
  const bool sound =
      !text->empty() && std::ranges::all_of(*text, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!sound)
    return refused("what is there is no key, which is one word");
  return text;
}

}  // namespace fleet::flow
