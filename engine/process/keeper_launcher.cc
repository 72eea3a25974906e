#include "engine/process/keeper_launcher.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <set>
#include <utility>

#include "engine/os/thread.h"
#include "engine/process/keeper_link.h"

namespace fleet::process {
namespace {

constexpr std::chrono::seconds kListPatience{20};

// About what a job takes in a message.
std::size_t weight(const JobSpec& job) {
  std::size_t bytes = 512;
  for (const auto* texts : {&job.argv, &job.env})
    for (const std::string& text : *texts)
      bytes += text.size() + sizeof(std::uint32_t);
  return bytes;
}

// Frames of a bounded size; the order of the jobs is kept.
std::vector<std::string> submit_frames(std::vector<JobSpec> jobs) {
  std::vector<std::string> frames;
  Submit submit;
  std::size_t bytes = 0;
  for (JobSpec& job : jobs) {
    bytes += weight(job);
    submit.jobs.push_back(std::move(job));
    if (bytes >= kFrameGoal) {
      frames.push_back(encode_frame(std::exchange(submit, {})));
      bytes = 0;
    }
  }
  if (!submit.jobs.empty())
    frames.push_back(encode_frame(submit));
  return frames;
}

Result<KeeperLink> find_or_start(const KeeperOptions& options, const Hello& hello) {
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    Result<KeeperLink> link = KeeperLink::greet(options.state, hello);
    // A keeper that is just ending itself, for want of work, is as good as none.
    const bool none = !link && (link.error().code() == Errc::kNotFound ||
                                link.error().code() == Errc::kCancelled);
    if (!none || attempt == kAttempts)
      return link;
    FLEET_CHECK(
        start_keeper({options.executable, options.state, options.idle, options.namespaces}));
  }
}

}  // namespace

struct KeeperLauncher::Core {
  KeeperOptions options;
  UniqueFd epoll;  // of the link's socket alone, so that callers keep one descriptor

  // Orders come from any thread. Held while sending, so that frames stay whole.
  std::mutex mutex;
  std::optional<KeeperLink> link;   // replaced by dispatch()
  std::set<JobKey> outstanding;     // submitted or expected, no end reported
  std::vector<std::string> unsent;  // for the next keeper

  // The dispatching thread's.
  Capabilities capabilities;
  ReportSink sink;
  std::uint64_t seen = 0;
  std::optional<Error> failed;

  Hello hello() const {
    Hello hello;
    hello.generation = options.generation;
    hello.jobs = options.jobs;
    hello.away = options.away;
    return hello;
  }

  // Unwatched, the link would never be heard.
  Status adopt(KeeperLink fresh) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fresh.fd(), &event) != 0)
      return os_error("epoll_ctl", "of the launcher", errno);
    link = std::move(fresh);
    capabilities = link->capabilities();
    return {};
  }

  // REQUIRES: the lock. What can't be sent now is for the next keeper.
  void give(std::string frame) {
    if (unsent.empty() && link) {
      if (link->send(frame))
        return;
      // Part of it may be on its way, so that nothing more can follow; dispatch() finds it closed.
      link->hang_up();
    }
    unsent.push_back(std::move(frame));
  }

  Status replace_keeper();
  void deliver(std::vector<JobReport> reports);
};

Status KeeperLauncher::Core::replace_keeper() {
  Hello greeting;
  {
    const std::lock_guard lock(mutex);
    greeting = hello();
    // A keeper that lives obeys one connection, and ours may be broken on this side only.
    link.reset();
  }
  FLEET_TRY(KeeperLink fresh, find_or_start(options, greeting));
  const std::lock_guard lock(mutex);
  FLEET_CHECK(adopt(std::move(fresh)));
  if (sink)
    give(encode_frame(Watch{seen}));
  for (std::string& frame : std::exchange(unsent, {}))
    give(std::move(frame));
  // What the old keeper had not even begun to record.
  if (!outstanding.empty())
    give(encode_frame(Expect{{outstanding.begin(), outstanding.end()}}));
  return {};
}

void KeeperLauncher::Core::deliver(std::vector<JobReport> reports) {
  // A new connection tells some again.
  std::erase_if(reports, [&](const JobReport& report) { return report.sequence <= seen; });
  if (reports.empty())
    return;
  seen = reports.back().sequence;
  {
    const std::lock_guard lock(mutex);
    for (const JobReport& report : reports)
      if (report.kind == ReportKind::kEnded)
        outstanding.erase(report.key);
  }
  if (sink)
    sink(std::move(reports));
}

KeeperLauncher::KeeperLauncher(std::unique_ptr<Core> core) : core_(std::move(core)) {}
KeeperLauncher::~KeeperLauncher() = default;

Result<std::unique_ptr<KeeperLauncher>> KeeperLauncher::open(KeeperOptions options) {
  FLEET_ASSERT(options.jobs > 0);
  auto core = std::make_unique<Core>();
  core->options = std::move(options);
  core->epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!core->epoll)
    return os_error("epoll_create1", "of the launcher", errno);
  FLEET_TRY(KeeperLink link, find_or_start(core->options, core->hello()));
  FLEET_CHECK(core->adopt(std::move(link)));
  return std::unique_ptr<KeeperLauncher>(new KeeperLauncher(std::move(core)));
}

Status KeeperLauncher::submit(std::vector<JobSpec> jobs) {
  for (JobSpec& job : jobs) {
    FLEET_CHECK(check_job(job));
    if (!job.sandbox)
      continue;
    Result<SandboxSpec> sandbox = resolve_sandbox(*std::move(job.sandbox));
    if (!sandbox)
      return std::move(sandbox).error().in("job " + to_string(job.key));
    job.sandbox = *std::move(sandbox);
  }
  std::vector<JobKey> keys;
  for (const JobSpec& job : jobs)
    keys.push_back(job.key);
  std::vector<std::string> frames = submit_frames(std::move(jobs));
  const std::lock_guard lock(core_->mutex);
  core_->outstanding.insert(keys.begin(), keys.end());
  for (std::string& frame : frames)
    core_->give(std::move(frame));
  return {};
}

Status KeeperLauncher::cancel(const JobKey& key, std::chrono::milliseconds grace) {
  const std::lock_guard lock(core_->mutex);
  core_->give(encode_frame(Cancel{key, grace}));
  return {};
}

Status KeeperLauncher::set_jobs(std::uint32_t jobs) {
  FLEET_ASSERT(jobs > 0);
  const std::lock_guard lock(core_->mutex);
  core_->options.jobs = jobs;
  core_->give(encode_frame(SetJobs{jobs}));
  return {};
}

Status KeeperLauncher::expect(std::vector<JobKey> keys) {
  const std::lock_guard lock(core_->mutex);
  core_->outstanding.insert(keys.begin(), keys.end());
  core_->give(encode_frame(Expect{std::move(keys)}));
  return {};
}

Status KeeperLauncher::release(std::string_view run) {
  const std::lock_guard lock(core_->mutex);
  std::erase_if(core_->outstanding, [&](const JobKey& key) { return key.run == run; });
  core_->give(encode_frame(Release{std::string(run)}));
  return {};
}

Result<std::vector<JobStatus>> KeeperLauncher::list() {
  return list_keeper(core_->options.state);
}

Status KeeperLauncher::watch(std::uint64_t since, ReportSink sink) {
  core_->sink = std::move(sink);
  core_->seen = since;
  const std::lock_guard lock(core_->mutex);
  core_->give(encode_frame(Watch{since}));
  return {};
}

const Capabilities& KeeperLauncher::capabilities() const {
  return core_->capabilities;
}

int KeeperLauncher::fd() const {
  return core_->epoll.get();
}

Status KeeperLauncher::dispatch() {
  if (core_->failed)
    return *core_->failed;
  const auto fail = [&](Error error) {
    return core_->failed.emplace(std::move(error));
  };
  while (true) {
    Result<std::optional<Message>> message = core_->link->poll_message();
    if (!message && message.error().code() == Errc::kCancelled) {
      if (Status replaced = core_->replace_keeper(); !replaced)
        return fail(std::move(replaced).error());
      continue;
    }
    if (!message)
      return fail(std::move(message).error());
    if (!*message)
      return {};
    if (auto* reports = std::get_if<Reports>(&**message))
      core_->deliver(std::move(reports->reports));
    else if (auto* refused = std::get_if<Refused>(&**message))
      return fail(Error(refused->code, std::move(refused->text)));
  }
}

namespace {

Result<std::vector<JobStatus>> ask_for_list(const std::filesystem::path& state) {
  Hello hello;
  hello.observer = true;
  FLEET_TRY(KeeperLink link, KeeperLink::greet(state, hello));
  FLEET_CHECK(link.send(encode_frame(ListJobs{})));
  std::vector<JobStatus> jobs;
  while (true) {
    FLEET_TRY(Message message, link.await_message(kListPatience));
    auto* listing = std::get_if<Listing>(&message);
    if (listing == nullptr)
      return Error(Errc::kCorrupt, "the keeper answered with something else than a list");
    std::move(listing->jobs.begin(), listing->jobs.end(), std::back_inserter(jobs));
    if (listing->last)
      return jobs;
  }
}

}  // namespace

Result<std::vector<JobStatus>> list_keeper(const std::filesystem::path& state) {
  auto jobs = ask_for_list(state);
  // A keeper that can't watch a visitor sends it away, and may take it the next time.
  if (!jobs && jobs.error().code() == Errc::kCancelled)
    jobs = ask_for_list(state);
  return jobs;
}

DispatchThread::DispatchThread(Launcher& launcher, std::function<void(Error)> failed)
    : stop_(::eventfd(0, EFD_CLOEXEC)) {
  if (!stop_) {
    failed(os_error("eventfd", "to end a thread", errno));
    return;
  }
  auto thread = os::start_thread("the keeper's reports", [&launcher, stop = stop_.get(), failed] {
    std::array<pollfd, 2> ready = {pollfd{launcher.fd(), POLLIN, 0}, pollfd{stop, POLLIN, 0}};
    while (ready[1].revents == 0) {
      if (::poll(ready.data(), ready.size(), -1) < 0 || ready[0].revents == 0)
        continue;
      if (Status dispatched = launcher.dispatch(); !dispatched)
        return failed(std::move(dispatched).error());
    }
  });
  if (thread)
    thread_ = *std::move(thread);
  else
    failed(std::move(thread).error());
}

DispatchThread::~DispatchThread() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t wrote = ::write(stop_.get(), &one, sizeof one);
  if (thread_.joinable())
    thread_.join();
}

}  // namespace fleet::process
