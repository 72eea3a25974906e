#include "engine/flow/workshop.h"

#include <utility>

#include "engine/process/keeper_launcher.h"

namespace fleet::flow {

Workshop::Workshop(WorkshopOptions options)
    : options_(std::move(options)),
      postage_(os::system_clock()),
      probes_(options_.site, os::system_clock()) {}

Workshop::~Workshop() {
  timers_.reset();
  dispatch_.reset();
  launcher_.reset();
  if (journal_)
    (void)journal_->close();
}

Result<std::unique_ptr<Workshop>> Workshop::open(WorkshopOptions options) {
  std::unique_ptr<Workshop> workshop(new Workshop(std::move(options)));
  journal::JournalOptions journal_options;
  journal_options.on_durable = [raw = workshop.get()](journal::Seq through, const Status& status) {
    const std::lock_guard lock(raw->logs_mutex_);
    for (const auto& [log, tell] : raw->logs_)
      tell(through, status);
  };
  if (workshop->options_.accept_lost_tail)
    journal_options.lost_tail = journal::LostTail::kAccept;
  FLEET_TRY(workshop->journal_,
            journal::Journal::open(workshop->site().state_dir, std::move(journal_options)));
  return workshop;
}

void Workshop::share(std::shared_ptr<DayPurses> day) {
  const std::lock_guard lock(day_mutex_);
  day_ = std::move(day);
}

std::shared_ptr<DayPurses> Workshop::day() const {
  const std::lock_guard lock(day_mutex_);
  return day_;
}

Status Workshop::equip() {
  const std::lock_guard lock(equip_mutex_);
  if (pool_)
    return Status();
  if (!timers_) {
    FLEET_TRY(timers_, Timers::start(os::system_clock()));
    permits_.use_clock(os::system_clock(), [this](std::chrono::milliseconds wait, auto then) {
      timers_->add_in(wait, std::move(then));
    });
  }
  if (!launcher_) {
    process::KeeperOptions options;
    options.state = site().state_dir;
    options.generation = journal_->assigned_seq().value + 1;
    options.jobs = options_.jobs;
    FLEET_TRY(launcher_, process::KeeperLauncher::open(options));
    board_ = std::make_unique<JobBoard>(*launcher_);
  }
  FLEET_TRY(worktree::Repository repository, worktree::Repository::open(site().common_dir));
  FLEET_TRY(pool_, worktree::Pool::open(repository, site().pool_dir));
  return Status();
}

void Workshop::join(JournalLog& log) {
  const std::lock_guard lock(logs_mutex_);
  logs_.emplace(&log, log.on_durable());
}

void Workshop::leave(JournalLog& log) {
  const std::lock_guard lock(logs_mutex_);
  logs_.erase(&log);
}

bool Workshop::is_shared() const {
  const std::lock_guard lock(logs_mutex_);
  return logs_.size() > 1;
}

void Workshop::listen(const std::string& key, std::function<void(const Error&)> failed) {
  const std::lock_guard lock(listeners_mutex_);
  if (lost_)
    return failed(*lost_);
  listeners_.emplace(key, std::move(failed));
}

void Workshop::hush(const std::string& key) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.erase(key);
}

Status Workshop::serve() {
  const std::lock_guard lock(equip_mutex_);
  if (dispatch_)
    return Status();
  FLEET_CHECK(launcher_->watch(0, [board = board_.get()](std::vector<process::JobReport> reports) {
    board->take(reports);
  }));
  dispatch_ = std::make_unique<process::DispatchThread>(
      *launcher_, [this](Error error) { lost(std::move(error)); });
  return Status();
}

// Sessions may run on: they are left to the keeper, and the next engine asks it for them.
void Workshop::lost(Error error) {
  {
    const std::lock_guard lock(listeners_mutex_);
    lost_ = error;
    for (const auto& [key, failed] : std::exchange(listeners_, {}))
      failed(error);
  }
  board_->close("the keeper is gone");
}

}  // namespace fleet::flow
