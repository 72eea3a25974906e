// The loop itself: what wakes it, and what it does about jobs then.
#include "engine/process/keeper_loop.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "engine/os/crash_point.h"

namespace fleet::process {
namespace {

using std::chrono::milliseconds;

enum : std::uint64_t { kSignals = 1, kTimer = 2, kListener = 3 };
constexpr milliseconds kRetry{500};

timespec to_timespec(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {static_cast<time_t>(seconds.count()), static_cast<long>((time - seconds).count())};
}

}  // namespace

KeeperLoop::KeeperLoop(Setup setup, std::unique_ptr<JobTable> table, Recorder recorder,
                       Processes processes, const os::Clock& clock)
    : setup_(std::move(setup)),
      clock_(&clock),
      table_(std::move(table)),
      recorder_(std::move(recorder)),
      processes_(std::move(processes)),
      alone_since_(clock.mono()) {}

Status KeeperLoop::prepare() {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  // Timeouts of jobs go on while the machine sleeps, which epoll's own do not.
  timer_.reset(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!epoll_ || !timer_)
    return os_error("epoll_create or timerfd_create", "of the keeper", errno);
  FLEET_CHECK(watch_fd(setup_.signals.get(), kSignals, EPOLLIN, true));
  FLEET_CHECK(watch_fd(timer_.get(), kTimer, EPOLLIN, true));
  return watch_fd(setup_.listener.get(), kListener, EPOLLIN, true);
}

Status KeeperLoop::run() {
  while (!idle_over()) {
    FLEET_CHECK(wait_for_events());
    check_absence();
    FLEET_CHECK(advance());
    flush_clients();
    FLEET_CHECK(std::exchange(failure_, Status()));
  }
  return {};
}

Status KeeperLoop::watch_fd(int fd, std::uint64_t id, std::uint32_t events, bool add) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (::epoll_ctl(epoll_.get(), add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0)
    return os_error("epoll_ctl", "of the keeper", errno);
  return {};
}

// Everything but the deadlines of jobs, which have the timer.
std::optional<os::MonoTime> KeeperLoop::wake_by() const {
  std::optional<os::MonoTime> earliest = retry_at_ ? retry_at_ : recorder_.commit_by();
  const auto consider = [&](os::MonoTime time) {
    earliest = earliest ? std::min(*earliest, time) : time;
  };
  if (engine_ == 0 && !absence_handled_)
    consider(alone_since_ + away_);
  if (engine_ == 0 && table_->live() == 0)
    consider(alone_since_ + setup_.idle);
  return earliest;
}

Status KeeperLoop::wait_for_events() {
  int timeout = -1;
  if (const auto wake = wake_by()) {
    const auto left = std::chrono::ceil<milliseconds>(*wake - clock_->mono());
    timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
  }
  FLEET_CHECK(arm_timer());
  std::array<epoll_event, 64> events;
  const int count =
      ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
  if (count < 0 && errno != EINTR)
    return os_error("epoll_wait", "of the keeper", errno);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
    if (id == kSignals)
      take_signals();
    else if (id == kListener)
      accept_client();
    else if (id == kTimer)
      take_timer();
    else
      serve(id);
  }
  if (const auto due = processes_.next_deadline(); due && *due <= clock_->mono())
    processes_.tick();
  return {};
}

// Set again only for an earlier time: a later deadline is found when the timer has fired.
Status KeeperLoop::arm_timer() {
  const std::optional<os::MonoTime> next = processes_.next_deadline();
  if (!next || (armed_for_ && *armed_for_ <= *next))
    return {};
  itimerspec spec{};
  spec.it_value = to_timespec(std::max(next->since_boot, std::chrono::nanoseconds(1)));
  if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) != 0)
    return os_error("timerfd_settime", "of the keeper", errno);
  armed_for_ = next;
  return {};
}

// Unread, it would wake the loop for ever once no deadline is left to set it again.
void KeeperLoop::take_timer() {
  std::uint64_t expirations = 0;
  if (::read(timer_.get(), &expirations, sizeof expirations) > 0)
    armed_for_.reset();
}

void KeeperLoop::take_signals() {
  std::array<signalfd_siginfo, 8> infos;
  const ssize_t got = ::read(setup_.signals.get(), infos.data(), sizeof infos);
  const std::size_t count = got > 0 ? static_cast<std::size_t>(got) / sizeof infos[0] : 0;
  for (std::size_t i = 0; i < count; ++i)
    stopping_ = stopping_ || infos[i].ssi_signo != SIGCHLD;
  processes_.reap();
  if (!stopping_)
    return;
  for (Job* job : table_->all())
    if (job->state != JobState::kEnded)
      cancel(*job, job->spec.grace, "the keeper was told to stop");
}

Status KeeperLoop::tolerate(Status status) {
  if (status || status.error().code() != Errc::kNoSpace)
    return status;
  retry_at_ = clock_->mono() + kRetry;
  return {};
}

Status KeeperLoop::advance() {
  if (retry_at_ && clock_->mono() < *retry_at_)
    return {};
  retry_at_.reset();
  // A settled success may queue its successors, and a start may fail at once.
  for (bool again = true; again && !retry_at_;) {
    for (JobReport& ended : processes_.take_ended()) {
      Job* job = table_->find(ended.key);
      FLEET_ASSERT(job != nullptr, to_string(ended.key));
      recorder_.end(*job, std::move(ended));
    }
    FLEET_CHECK(tolerate(start_queued()));
    again = false;
    if (!retry_at_ && recorder_.commit_due(table_->has_queued())) {
      FLEET_CHECK(tolerate(recorder_.commit()));
      again = !retry_at_ && table_->has_queued() && processes_.running() < jobs_limit_;
    }
  }
  if (!retry_at_)
    FLEET_CHECK(tolerate(begin_watch()));
  tell_news();
  return {};
}

Status KeeperLoop::start_queued() {
  while (!stopping_ && processes_.running() + starting_.size() < jobs_limit_) {
    Job* job = table_->take_next();
    if (job == nullptr)
      break;
    starting_.emplace_back(job, recorder_.announce(*job));
  }
  if (starting_.empty())
    return {};
  os::crash_point("keeper.announce.before");
  FLEET_CHECK(recorder_.write());
  os::crash_point("keeper.announce.after");
  for (const auto& [job, sequence] : std::exchange(starting_, {})) {
    JobReport report = processes_.start(job->spec);
    report.sequence = sequence;
    os::crash_point("keeper.spawn.after");
    if (report.kind == ReportKind::kStarted)
      recorder_.started(*job, std::move(report));
    else
      recorder_.end(*job, std::move(report));
  }
  return {};
}

void KeeperLoop::tell_news() {
  std::vector<JobReport> news = recorder_.take_news();
  const auto engine = clients_.find(engine_);
  if (news.empty() || engine == clients_.end() || !engine->second.watching)
    return;
  os::crash_point("keeper.report.before");
  engine->second.connection.send(Reports{std::move(news)});
}

void KeeperLoop::check_absence() {
  if (engine_ != 0 || absence_handled_ || clock_->mono() < alone_since_ + away_)
    return;
  absence_handled_ = true;
  for (Job* job : table_->all())
    if (job->state != JobState::kEnded && job->spec.kill_with_engine)
      cancel(*job, job->spec.grace, "its engine went away");
}

bool KeeperLoop::idle_over() const {
  if (table_->live() > 0)
    return false;
  return stopping_ || (engine_ == 0 && clock_->mono() >= alone_since_ + setup_.idle);
}

void KeeperLoop::cancel(Job& job, milliseconds grace, const char* why) {
  if (job.fate != Fate::kOpen)
    return;
  const auto waiting = std::find_if(starting_.begin(), starting_.end(),
                                    [&](const auto& each) { return each.first == &job; });
  if (job.state == JobState::kRunning && waiting == starting_.end())
    return processes_.stop(job.key(), End::kCancelled, grace);
  if (waiting != starting_.end())
    starting_.erase(waiting);
  recorder_.end_unstarted(job, End::kCancelled, why);
}

}  // namespace fleet::process
