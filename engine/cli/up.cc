// up and down: the resident fleet.
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "engine/base/unique_fd.h"
#include "engine/cli/commands.h"
#include "engine/cli/definition.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/foreground.h"
#include "engine/cli/front.h"
#include "engine/cli/past.h"
#include "engine/cli/signals.h"
#include "engine/cli/terminal.h"
#include "engine/os/files.h"
#include "engine/report/words.h"
#include "engine/resident/resident.h"

namespace fleet::cli {
namespace {

constexpr const char* kReady = "up";

std::string down_path(const std::string& state_dir) {
  return state_dir + "/down";
}

std::string clock_time() {
  return report::timestamp(os::system_clock().wall().time_since_epoch().count());
}

// Whole lines, each with whose they are.
class Labelled {
 public:
  explicit Labelled(std::string label) : label_(std::move(label)) {}
  void write(std::string_view text) {
    pending_ += text;
    for (std::size_t end; (end = pending_.find('\n')) != std::string::npos;) {
      print(fmt::format("{} | {}\n", label_, pending_.substr(0, end)));
      pending_.erase(0, end + 1);
    }
  }

 private:
  const std::string label_;
  std::string pending_;
};

resident::Voice voice() {
  resident::Voice out;
  out.say = [](const std::string& line) {
    print(fmt::format("{} {}\n", clock_time(), report::printable(line)));
  };
  out.watch = [](const std::string& label, const flow::Engine& engine) {
    report::ProgressOptions options;
    options.style = report::ProgressStyle::kPlain;
    const auto lines = std::make_shared<Labelled>(label);
    options.write = [lines](std::string_view text) {
      lines->write(text);
    };
    options.history = [&engine](plan::NodeIndex node) {
      return engine.history(node);
    };
    return report::make_progress(engine.plan(), std::move(options), os::system_clock());
  };
  return out;
}

// Looks at the files of the fleet whenever one of them is written, and hands on what came of it.
class Reloads {
 public:
  Reloads(resident::Resident& resident, Definition definition)
      : resident_(resident),
        current_(std::move(definition)),
        files_(current_.sources),
        text_(current_.text) {}

  Status start() {
    std::set<std::string> folders;
    for (const std::string& source : current_.sources)
      folders.insert(folder_of(source));
    folders.insert(folder_of(current_.fleet.file));
    std::vector<std::string> there;
    for (const std::string& folder : folders)
      if (const auto exists = os::system_files().exists(folder); exists && *exists)
        there.push_back(folder);  // others are the library's, which is in this program
    FLEET_TRY(watch_, os::FolderWatch::start(there, [this] { look(); }));
    look();  // at what was written since it was compiled
    return Status();
  }

 private:
  // Called twice for one edit: what is the same is nothing new. Read before it is compiled, so that
  // what is written meanwhile is seen to be other.
  void look() {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const std::string& file : files_)
      if (const auto read = os::system_files().read_file(file, std::size_t{16} << 20))
        text += *read;
    if (text == text_)
      return;
    text_ = std::move(text);
    int code = 0;
    std::optional<Definition> fresh = define(current_.fleet.file, code, Purpose::kServe, &files_);
    if (!fresh) {
      complain(fmt::format("{} {} has changed and is not taken: the fleet goes on as it was\n",
                           clock_time(), report::printable(current_.fleet.file)));
      return;
    }
    const std::vector<std::string> lines = changes(current_.fleet, fresh->fleet);
    std::string out = fmt::format("{} {} has changed; what is under way keeps its plan\n",
                                  clock_time(), report::printable(current_.fleet.file));
    for (const std::string& line : lines)
      out += "  " + line + "\n";
    if (!lines.empty())
      print(out);
    resident_.change(fresh->fleet);
    current_ = *std::move(fresh);
  }

  resident::Resident& resident_;
  std::mutex mutex_;  // guards the three below
  Definition current_;
  std::vector<std::string> files_;          // that the last compilation read, sound or not
  std::string text_;                        // of them
  std::unique_ptr<os::FolderWatch> watch_;  // last: its thread uses the rest
};

int cannot_serve(const Error& error) {
  complain(error);
  if (error.code() == Errc::kBusy)
    complain("  another fleetc is at work here: `fleetc status` shows what it does\n");
  return kRunFailed;
}

// An engine that was just killed holds its lock for a moment more, and who brings it up again at
// once is not to be told that it is at work.
Result<std::shared_ptr<flow::Workshop>> open_patiently(const flow::EngineOptions& options) {
  constexpr std::chrono::seconds kPatience{2};
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    auto workshop = flow::open_workshop(options);
    if (workshop || workshop.error().code() != Errc::kBusy ||
        std::chrono::steady_clock::now() > end)
      return workshop;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// `ready` is called once everything is up.
int serve(const Definition& definition, std::uint32_t jobs, const std::function<void()>& ready) {
  flow::EngineOptions options;
  options.repository = definition.repository;
  options.environment = environment();
  options.jobs = jobs;
  auto workshop = open_patiently(options);
  if (!workshop)
    return cannot_serve(workshop.error());
  auto resident =
      resident::Resident::open(*workshop, definition.fleet, voice(), os::system_clock());
  if (!resident)
    return cannot_serve(resident.error());
  (void)os::system_files().remove_tree(down_path((*workshop)->site().state_dir));
  std::atomic<int> stopped_by{0};
  const auto signals = SignalWatch::start([&](int number, int count) {
    stopped_by = number;
    // `down` says that it was `down`, and means the same however often it is said.
    const auto asked = os::system_files().exists(down_path((*workshop)->site().state_dir));
    const bool by_down = asked && *asked;
    if (!by_down && count > 2) {
      complain("\nfleetc: left as it is; `fleetc up` carries on\n");
      ::_exit(kSignalBase + number);
    }
    const bool drain = number == SIGINT && (by_down || count == 1);
    (*resident)->stop(drain ? run::StopLevel::kDrain : run::StopLevel::kNow,
                      drain ? "down" : "down --now");
  });
  if (!signals)
    return cannot_serve(signals.error());
  Reloads reloads(**resident, definition);
  if (const Status watching = reloads.start(); !watching)
    return cannot_serve(watching.error());
  std::string out = fmt::format("{} fleet {} is up ({})\n", clock_time(), definition.fleet.name,
                                report::printable(definition.fleet.file));
  for (const resident::Duty& duty : definition.fleet.duties)
    out += fmt::format("  {} {}: {}\n", duty.is_flow ? "flow" : "agent", duty.name, when_of(duty));
  print(out);
  ready();
  const Status served = (*resident)->serve();
  if (!served) {
    complain(served.error());
    complain("fleetc: what finished is recorded; `fleetc up` carries on\n");
    return kRunFailed;
  }
  print(fmt::format("{} fleet {} is down\n", clock_time(), definition.fleet.name));
  // Then nothing went otherwise than it should.
  const std::string asked = down_path((*workshop)->site().state_dir);
  const auto by_down = os::system_files().exists(asked);
  if (by_down && *by_down) {
    (void)os::system_files().remove_tree(asked);
    return kDone;
  }
  return stopped_by == 0 ? kDone : kSignalBase + stopped_by;
}

// Waits until the child says that it is up, or ends with what kept it from that.
int await_child(pid_t child, int said, const std::string& log, off_t before) {
  std::array<char, 16> word{};
  ssize_t got = 0;
  while ((got = ::read(said, word.data(), word.size())) < 0 && errno == EINTR) {
  }
  if (got > 0) {
    print(fmt::format("up: process {}, its words go to {}\n", child, log));
    return kDone;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (const auto text = os::system_files().read_file(log, std::size_t{64} << 20))
    complain(text->substr(std::min(static_cast<std::size_t>(before), text->size())));
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalBase + WTERMSIG(status);
}

// Before any thread is made.
int detach(const Definition& definition, std::uint32_t jobs) {
  flow::EngineOptions where;
  where.repository = definition.repository;
  where.environment = environment();
  const auto places = flow::find_places(where);
  if (!places)
    return cannot_serve(places.error());
  if (const Status made = os::system_files().make_dirs(places->state_dir); !made)
    return cannot_serve(made.error());
  const std::string log = places->state_dir + "/up.log";
  constexpr off_t kMostLog = off_t{16} << 20;
  UniqueFd out(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  // What a fleet before has said is kept, up to a length; one that is up now still writes there.
  const off_t before = out ? std::max<off_t>(::lseek(out.get(), 0, SEEK_END), 0) : 0;
  if (out && before > kMostLog && !engine_at_work(*places) && ::ftruncate(out.get(), 0) != 0)
    return cannot_serve(os_error("ftruncate", log, errno));
  std::array<int, 2> ends{};
  if (!out || ::pipe2(ends.data(), O_CLOEXEC) != 0)
    return cannot_serve(os_error("open", log, errno));
  UniqueFd listens(ends[0]), says(ends[1]);
  const pid_t child = ::fork();
  if (child < 0)
    return cannot_serve(os_error("fork", "fleetc up -d", errno));
  if (child > 0) {
    says.reset();
    return await_child(child, listens.get(), log, before > kMostLog ? 0 : before);
  }
  listens.reset();
  ::setsid();
  UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(out.get(), STDOUT_FILENO);
  ::dup2(out.get(), STDERR_FILENO);
  const int code = serve(definition, jobs, [&] {
    (void)!::write(says.get(), kReady, 2);
    says.reset();
  });
  std::fflush(nullptr);
  ::_exit(code);
}

}  // namespace

int up(const UpOptions& options) {
  int code = kDone;
  const std::optional<Definition> definition = define(options.file, code);
  if (!definition)
    return code;
  block_stop_signals();
  return options.detach ? detach(*definition, options.jobs)
                        : serve(*definition, options.jobs, [] {});
}

int down(const DownOptions& options) {
  flow::EngineOptions where;
  where.repository = ".";
  where.environment = environment();
  const auto places = flow::find_places(where);
  if (!places)
    return cannot_serve(places.error());
  const std::string lock = places->state_dir + "/state.lock";
  const long pid = std::strtol(os::lock_holder(lock).c_str(), nullptr, 10);
  // Held while its number is looked at again: it can't be another process by then.
  const UniqueFd process(
      pid > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0)) : -1);
  const auto standing = os::system_files().exists(resident::standing_path(places->state_dir));
  if (!process || !engine_at_work(*places) || !standing || !*standing ||
      std::strtol(os::lock_holder(lock).c_str(), nullptr, 10) != pid) {
    print("no fleet is up here\n");
    return kDone;
  }
  if (const Status left = os::system_files().write_atomic(down_path(places->state_dir), ""); !left)
    return cannot_serve(left.error());
  if (::syscall(SYS_pidfd_send_signal, process.get(), options.now ? SIGTERM : SIGINT, nullptr, 0) !=
      0)
    return cannot_serve(os_error("pidfd_send_signal", std::to_string(pid), errno));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.wait);
  while (engine_at_work(*places)) {
    if (std::chrono::steady_clock::now() > end) {
      (void)os::system_files().remove_tree(down_path(places->state_dir));
      complain(
          fmt::format("fleetc: sessions are still at work after {} s; nothing new begins. "
                      "`fleetc down --now` ends them; `fleetc status` shows them\n",
                      options.wait));
      return kRunFailed;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  // It takes this away at an orderly end, when every session has ended.
  const auto left = os::system_files().exists(resident::standing_path(places->state_dir));
  if (left && *left) {
    complain(
        "fleetc: the engine is gone, and did not end in order: sessions may still run. "
        "`fleetc up` takes them up, and `fleetc down` ends them then\n");
    return kRunFailed;
  }
  print("the fleet is down\n");
  return kDone;
}

}  // namespace fleet::cli
