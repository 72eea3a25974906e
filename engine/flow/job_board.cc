#include "engine/flow/job_board.h"

namespace fleet::flow {
namespace {

process::JobReport unheard(const process::JobKey& key, process::End how, const std::string& why) {
  process::JobReport report;
  report.key = key;
  report.kind = process::ReportKind::kEnded;
  report.how = how;
  report.text = why;
  return report;
}

// Trouble of the machine's, which another try may not find; not an order that nobody can carry out.
bool may_pass(Errc code) {
  return code == Errc::kIo || code == Errc::kNoSpace || code == Errc::kBusy ||
         code == Errc::kTimeout;
}

}  // namespace

void JobBoard::submit(process::JobSpec spec, Ended ended) {
  const process::JobKey key = spec.key;
  if (!expect_open(key, std::move(ended)))
    return;
  std::vector<process::JobSpec> batch;
  batch.push_back(std::move(spec));
  if (const Status status = launcher_.submit(std::move(batch)); !status) {
    process::JobReport report = unheard(key, process::End::kSpawnFailed, status.error().message());
    if (may_pass(status.error().code()))
      report.failure = process::SpawnFailure::kResources;
    take({std::move(report)});
  }
}

void JobBoard::expect(const process::JobKey& key, Ended ended) {
  (void)expect_open(key, std::move(ended));
}

// False: closed, and `ended` was told.
bool JobBoard::expect_open(const process::JobKey& key, Ended ended) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      waiting_[key] = std::move(ended);
      return true;
    }
  }
  ended(unheard(key, process::End::kLost, *closed_));
  return false;
}

void JobBoard::close(const std::string& why) {
  std::vector<process::JobReport> lost;
  {
    const std::lock_guard lock(mutex_);
    closed_ = why;
    for (const auto& [key, ended] : waiting_)
      lost.push_back(unheard(key, process::End::kLost, why));
  }
  take(lost);
}

void JobBoard::cancel(const std::string& run, std::uint32_t task, std::uint32_t epoch,
                      std::chrono::milliseconds grace) {
  std::vector<process::JobKey> keys;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = waiting_.lower_bound({run, task, epoch, 0});
         it != waiting_.end() && it->first.run == run && it->first.task == task &&
         it->first.epoch == epoch;
         ++it)
      keys.push_back(it->first);
  }
  // An error here means that the launcher is gone, which its dispatch reports.
  for (const process::JobKey& key : keys)
    (void)launcher_.cancel(key, grace);
}

void JobBoard::cancel_all(const std::string& run, std::chrono::milliseconds grace) {
  std::vector<process::JobKey> keys;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = waiting_.lower_bound({run, 0, 0, 0});
         it != waiting_.end() && it->first.run == run; ++it)
      keys.push_back(it->first);
  }
  for (const process::JobKey& key : keys)
    (void)launcher_.cancel(key, grace);
}

void JobBoard::hold(const std::string& run) {
  const std::lock_guard lock(mutex_);
  held_.try_emplace(run);
}

void JobBoard::release(const std::string& run) {
  std::vector<process::JobReport> kept;
  {
    const std::lock_guard lock(mutex_);
    const auto it = held_.find(run);
    if (it == held_.end())
      return;
    kept = std::move(it->second);
    held_.erase(it);
  }
  take(kept);
}

void JobBoard::forget(const std::string& run) {
  std::unique_lock lock(mutex_);
  held_.erase(run);
  for (auto it = waiting_.lower_bound({run, 0, 0, 0});
       it != waiting_.end() && it->first.run == run;)
    it = waiting_.erase(it);
  told_.wait(lock, [&] { return !telling_.contains(run); });
}

// Whom the report is for, who counts as being told from here on. Empty: nobody, or not yet.
JobBoard::Ended JobBoard::claim(const process::JobReport& report) {
  const std::lock_guard lock(mutex_);
  if (const auto held = held_.find(report.key.run); held != held_.end()) {
    held->second.push_back(report);
    return {};
  }
  const auto it = waiting_.find(report.key);
  if (it == waiting_.end())
    return {};
  Ended ended = std::move(it->second);
  waiting_.erase(it);
  ++telling_[report.key.run];
  return ended;
}

void JobBoard::take(const std::vector<process::JobReport>& reports) {
  for (const process::JobReport& report : reports) {
    if (report.kind != process::ReportKind::kEnded)
      continue;
    const Ended ended = claim(report);
    if (!ended)
      continue;
    ended(report);
    const std::lock_guard lock(mutex_);
    const auto told = telling_.find(report.key.run);
    if (--told->second == 0)
      telling_.erase(told);
    told_.notify_all();
  }
}

}  // namespace fleet::flow
