#include "engine/process/processes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "engine/process/process_tree.h"
#include "engine/process/spawn.h"

namespace fleet::process {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kOutputLook{100};          // between two looks at the size of an output
constexpr milliseconds kFloodGrace{200};          // at most: meanwhile the disk fills
constexpr milliseconds kLeftoverPatience{2'000};  // for what resists SIGKILL
constexpr std::uint32_t kSerials = std::uint32_t{1} << 30;

JobReport failed(const JobSpec& spec, os::WallTime now, SpawnFailure failure, std::string text) {
  JobReport report;
  report.key = spec.key;
  report.kind = ReportKind::kEnded;
  report.how = End::kSpawnFailed;
  report.failure = failure;
  report.text = std::move(text.erase(std::min(text.size(), kMaxText)));
  report.ended = now;
  return report;
}

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

struct Refusal {
  SpawnFailure failure = SpawnFailure::kNone;
  std::string text;
};

Refusal open_output(ProcessTree& tree) {
  const std::filesystem::path& file = tree.spec->output;
  if (file.empty())
    return {};
  constexpr int kHow = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW;
  tree.output.reset(::open(file.c_str(), kHow, 0600));
  if (!tree.output)
    return {SpawnFailure::kOutput, fmt::format("{}: {}", file.native(), reason_of(errno))};
  tree.output_start = output_bytes(tree);
  return {};
}

Refusal plain_command(const JobSpec& spec, SpawnRequest& request) {
  request.program = find_program(spec.argv.front(), spec.env);
  if (request.program.empty())
    return {SpawnFailure::kCommandNotFound, spec.argv.front() + ": not found in PATH"};
  request.argv = spec.argv;
  request.env = spec.env;
  request.cwd = spec.cwd.native();
  return {};
}

// With a pipe for bubblewrap's status: ours to read without waiting, `theirs` the child's to write.
Refusal sandboxed_command(const std::string& bubblewrap, ProcessTree& tree, SpawnRequest& request,
                          UniqueFd& theirs) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return {SpawnFailure::kResources, "a pipe for the sandbox: " + reason_of(errno)};
  tree.status.reset(ends[0]);
  theirs.reset(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  request.program = bubblewrap;
  request.argv = sandbox_argv(*tree.spec, kStatusFd);
  request.argv.insert(request.argv.begin(), bubblewrap);
  request.env = sandbox_env(*tree.spec);
  request.cwd = "/";  // bubblewrap goes to the job's own, which may exist only inside
  request.status_fd = theirs.get();
  return {};
}

}  // namespace

Processes::Processes(Options options, const os::Clock& clock, Children children, UniqueFd null)
    : options_(std::move(options)),
      clock_(&clock),
      children_(std::move(children)),
      null_(std::move(null)) {}
Processes::Processes(Processes&&) noexcept = default;
Processes::~Processes() = default;

Result<Processes> Processes::create(Options options, const os::Clock& clock) {
  FLEET_TRY(Children children, Children::open());
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null)
    return os_error("open", "/dev/null", errno);
  Processes processes(std::move(options), clock, std::move(children), std::move(null));
  ::getrlimit(RLIMIT_NOFILE, &processes.files_);
  // Two descriptors a job may be more than the soft limit; jobs get what this process was given.
  rlimit most = processes.files_;
  most.rlim_cur = most.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &most);
  return processes;
}

JobReport Processes::start(const JobSpec& spec) {
  auto tree = std::make_unique<ProcessTree>();
  tree->spec = &spec;
  const auto refused = [&](Refusal refusal) {
    return failed(spec, clock_->wall(), refusal.failure, std::move(refusal.text));
  };
  if (spec.sandbox && options_.bubblewrap.empty())
    return refused({SpawnFailure::kSandbox, options_.no_sandbox_reason});
  if (Refusal refusal = open_output(*tree); refusal.failure != SpawnFailure::kNone)
    return refused(std::move(refusal));
  SpawnRequest request;
  UniqueFd status;
  Refusal refusal = spec.sandbox ? sandboxed_command(options_.bubblewrap, *tree, request, status)
                                 : plain_command(spec, request);
  if (refusal.failure != SpawnFailure::kNone)
    return refused(std::move(refusal));
  next_serial_ = next_serial_ % (kSerials - 1) + 1;
  tree->serial = next_serial_;
  request.null_fd = null_.get();
  request.output_fd = tree->output ? tree->output.get() : null_.get();
  request.mark = {options_.keeper_mark, tree->serial};
  request.files = files_;
  request.die_with_parent = options_.die_with_keeper;
  tree->started = clock_->wall();
  tree->started_mono = clock_->mono();
  SpawnOutcome spawned = spawn(request);
  if (spawned.pid == 0)
    return refused({spawned.failure, std::move(spawned.text)});
  tree->main = spawned.pid;
  return enter(std::move(tree));
}

JobReport Processes::enter(std::unique_ptr<ProcessTree> tree) {
  const JobSpec& spec = *tree->spec;
  if (spec.timeout.count() > 0)
    deadlines_.emplace(tree->started_mono + spec.timeout, tree->serial);
  if (spec.output_limit > 0 && tree->output)
    deadlines_.emplace(tree->started_mono + kOutputLook, tree->serial);
  JobReport report;
  report.key = spec.key;
  report.pid = tree->main;
  report.started = tree->started;
  mains_.emplace(tree->main, tree.get());
  trees_.emplace(tree->serial, std::move(tree));
  return report;
}

ProcessTree* Processes::find(const JobKey& key) {
  for (const auto& [serial, tree] : trees_)
    if (tree->spec->key == key)
      return tree.get();
  return nullptr;
}

void Processes::stop(const JobKey& key, End cause, milliseconds grace) {
  if (ProcessTree* tree = find(key); tree != nullptr && !tree->exited)
    stop(*tree, cause, grace);
}

void Processes::stop(ProcessTree& tree, End cause, milliseconds grace) {
  const os::MonoTime kill_at = clock_->mono() + grace;
  if (tree.cause && tree.kill_at && *tree.kill_at <= kill_at)
    return;
  const bool first = !tree.cause;
  if (first)
    tree.cause = cause;
  tree.kill_at = kill_at;
  deadlines_.emplace(kill_at, tree.serial);
  if (grace.count() <= 0)
    return kill_tree(tree);
  if (!first)
    return;
  if (!tree.spec->sandbox) {
    ::kill(-tree.main, SIGTERM);
    return;
  }
  // The first process in the sandbox leads the group of the command and ignores the signal itself;
  // bubblewrap's outer process would take the whole sandbox down at once.
  read_status(tree);
  const pid_t init = sandbox_init_pid(tree.status_text);
  const bool ours = init > 0 && read_mark(init) == JobMark{options_.keeper_mark, tree.serial};
  if (!ours || ::kill(-init, SIGTERM) != 0)
    kill_tree(tree);
}

void Processes::kill_tree(ProcessTree& tree) {
  tree.killed = true;
  if (tree.spec->sandbox)
    ::kill(tree.main, SIGKILL);
  else
    ::kill(-tree.main, SIGKILL);
}

void Processes::tick() {
  const os::MonoTime now = clock_->mono();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const std::uint32_t serial = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    if (const auto found = trees_.find(serial); found != trees_.end())
      act(*found->second);
  }
}

void Processes::act(ProcessTree& tree) {
  const os::MonoTime now = clock_->mono();
  const JobSpec& spec = *tree.spec;
  if (tree.exited) {
    if (tree.give_up_at && *tree.give_up_at <= now)
      finish(tree);
    return;
  }
  if (tree.kill_at) {
    if (!tree.killed && *tree.kill_at <= now)
      kill_tree(tree);
    return;
  }
  if (spec.timeout.count() > 0 && tree.started_mono + spec.timeout <= now)
    return stop(tree, End::kTimedOut, spec.grace);
  if (spec.output_limit == 0 || !tree.output)
    return;
  if (output_bytes(tree) > spec.output_limit)
    return stop(tree, End::kOutputLimit, std::min(spec.grace, kFloodGrace));
  deadlines_.emplace(now + kOutputLook, tree.serial);
}

std::optional<os::MonoTime> Processes::next_deadline() const {
  if (deadlines_.empty())
    return std::nullopt;
  return deadlines_.begin()->first;
}

void Processes::reap() {
  rusage usage{};
  int wait_status = 0;
  pid_t pid = 0;
  while ((pid = ::wait4(-1, &wait_status, WNOHANG, &usage)) > 0) {
    if (const auto main = mains_.find(pid); main != mains_.end())
      main_exited(*main->second, wait_status, usage);
    else if (const auto init = inits_.find(pid); init != inits_.end())
      add_usage(*init->second, usage);
  }
  if (!exited_.empty() || !strangers_.empty())
    sweep();
}

void Processes::main_exited(ProcessTree& tree, int wait_status, const rusage& usage) {
  mains_.erase(tree.main);
  tree.exited = true;
  tree.wait_status = wait_status;
  tree.ended = clock_->wall();
  tree.ended_mono = clock_->mono();
  add_usage(tree, usage);
  exited_.push_back(&tree);
  if (!tree.spec->sandbox)
    return;
  // The outer process leaves the first one to us, and with it the times of all the others.
  read_status(tree);
  if (const pid_t init = sandbox_init_pid(tree.status_text); init > 0)
    inits_.emplace(init, &tree);
}

ProcessTree* Processes::owner_of(pid_t orphan) {
  const std::optional<JobMark> mark = read_mark(orphan);
  if (mark && mark->keeper == options_.keeper_mark) {
    const auto found = trees_.find(mark->job);
    return found == trees_.end() ? nullptr : found->second.get();
  }
  // Somebody changed its limits; its session may still be the job's.
  const pid_t session = ::getsid(orphan);
  for (const auto& [serial, tree] : trees_)
    if (tree->main == session)
      return tree.get();
  return nullptr;
}

// Of an orphan without an owner: nothing that still runs can have started it.
bool Processes::is_leftover(pid_t orphan) {
  const std::optional<JobMark> mark = read_mark(orphan);
  if (mark && mark->keeper == options_.keeper_mark)
    return true;
  const std::uint32_t newest = strangers_.try_emplace(orphan, next_serial_).first->second;
  return trees_.empty() || trees_.begin()->first > newest;
}

void Processes::sweep() {
  for (ProcessTree* tree : exited_)
    tree->left = 0;
  const std::vector<pid_t> children = children_.read();
  std::erase_if(strangers_, [&](const auto& each) {
    return std::find(children.begin(), children.end(), each.first) == children.end();
  });
  for (const pid_t child : children) {
    if (mains_.contains(child))
      continue;
    ProcessTree* owner = owner_of(child);
    const bool over = owner != nullptr ? owner->exited || owner->killed : is_leftover(child);
    if (!over)
      continue;
    ::kill(child, SIGKILL);
    if (owner != nullptr)
      ++owner->left;
  }
  for (ProcessTree* tree : std::vector(exited_)) {
    if (tree->left == 0)
      finish(*tree);
    else if (!tree->give_up_at) {
      tree->give_up_at = clock_->mono() + kLeftoverPatience;
      deadlines_.emplace(*tree->give_up_at, tree->serial);
    }
  }
}

void Processes::finish(ProcessTree& tree) {
  ended_.push_back(end_report(tree));
  std::erase(exited_, &tree);
  std::erase_if(inits_, [&](const auto& each) { return each.second == &tree; });
  trees_.erase(tree.serial);
}

}  // namespace fleet::process
