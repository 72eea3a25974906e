// From the command to a keeper in the background: options, the lock, the predecessor's remains, the
// namespaces, and the first words to whoever started it.
#include "engine/process/keeper.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "engine/os/files.h"
#include "engine/os/socket.h"
#include "engine/process/keeper_birth.h"
#include "engine/process/predecessor.h"
#include "engine/process/spool.h"

namespace fleet::process {
namespace {

constexpr int kUsage = 2;
constexpr int kBroken = 70;
constexpr std::chrono::seconds kLockPatience{15};

void say(std::string_view text) {
  const std::string line = fmt::format("fleetc keeper: {}\n", text);
  [[maybe_unused]] const ssize_t wrote = ::write(STDERR_FILENO, line.data(), line.size());
}

struct Command {
  std::filesystem::path state;
  std::chrono::milliseconds idle{3'000};
  bool namespaces = true;
};

std::optional<std::chrono::milliseconds> parse_millis(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0)
    return std::nullopt;
  return std::chrono::milliseconds(value);
}

std::optional<Command> parse(int argc, char** argv) {
  Command command;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--no-namespaces") {
      command.namespaces = false;
      continue;
    }
    const char* value = i + 1 < argc ? argv[++i] : nullptr;
    if (value == nullptr)
      return std::nullopt;
    if (option == "--state") {
      command.state = value;
    } else if (option == "--idle") {
      const auto idle = parse_millis(value);
      if (!idle)
        return std::nullopt;
      command.idle = *idle;
    } else {
      return std::nullopt;
    }
  }
  if (!command.state.is_absolute())
    return std::nullopt;
  return command;
}

// Empty: another keeper has it and listens.
Result<std::optional<os::FileLock>> take_lock(const std::filesystem::path& directory) {
  const auto give_up = std::chrono::steady_clock::now() + kLockPatience;
  while (true) {
    Result<os::FileLock> lock = os::system_files().lock_file((directory / "lock").native());
    if (lock)
      return std::optional(*std::move(lock));
    if (lock.error().code() != Errc::kBusy)
      return std::move(lock).error();
    if (os::connect_at(directory, "socket"))
      return std::optional<os::FileLock>();
    if (std::chrono::steady_clock::now() >= give_up)
      return std::move(lock).error().in("a keeper that does not listen has the lock");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// A birth is made in a process of its own: what it unshares can't be taken back when it fails
// half-way.
Result<Birth::Word> give_birth(Birth birth) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    return os_error("pipe", "to the keeper", errno);
  const UniqueFd ours(pipe[0]);
  birth.words.reset(pipe[1]);
  const pid_t pid = ::fork();
  if (pid < 0)
    return os_error("fork", "the keeper", errno);
  if (pid == 0)
    ::_exit(run_birth(std::move(birth)));
  birth.words.reset();
  const Result<Birth::Word> word = Birth::hear(ours.get());
  ::waitpid(pid, nullptr, 0);
  return word;
}

Status start(const Command& command) {
  const std::filesystem::path directory = command.state / "keeper";
  FLEET_CHECK(os::system_files().make_dirs(directory.native()));
  FLEET_TRY(const std::optional<os::FileLock> lock, take_lock(directory));
  if (!lock)
    return {};
  FLEET_TRY(SpoolState previous, Spool::read(directory / "spool"));
  FLEET_CHECK(end_predecessors(previous));
  Birth birth{directory, command.idle, std::move(previous), {}, {}};
  if (!command.namespaces) {
    birth.no_namespace_reason = "switched off";
  } else {
    FLEET_TRY(Birth::Word word, give_birth(birth.copy()));
    if (word.kind == Birth::Word::kReady)
      return {};
    if (word.kind == Birth::Word::kFailed)
      return Error(Errc::kIo, word.text);
    birth.no_namespace_reason = word.text;
  }
  FLEET_TRY(const Birth::Word word, give_birth(std::move(birth)));
  return word.kind == Birth::Word::kReady ? Status() : Error(Errc::kIo, word.text);
}

}  // namespace

int keeper_main(int argc, char** argv) {
  const std::optional<Command> command = parse(argc, argv);
  if (!command) {
    say("usage: fleetc keeper --state DIR [--idle MS] [--no-namespaces]");
    return kUsage;
  }
  // Whoever started this may have leaked descriptors; no job shall have them.
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  const Status started = start(*command);
  if (started)
    return 0;
  say(started.error().message());
  return kBroken;
}

}  // namespace fleet::process
