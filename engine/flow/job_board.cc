#include "engine/flow/job_board.h"

namespace fleet::flow {

void JobBoard::submit(process::JobSpec spec, Ended ended) {
  const process::JobKey key = spec.key;
  expect(key, std::move(ended));
  std::vector<process::JobSpec> batch;
  batch.push_back(std::move(spec));
  if (const Status status = launcher_.submit(std::move(batch)); !status) {
    process::JobReport report;
    report.key = key;
    report.kind = process::ReportKind::kEnded;
    report.how = process::End::kSpawnFailed;
    report.text = status.error().message();
    take({report});
  }
}

void JobBoard::expect(const process::JobKey& key, Ended ended) {
  const std::lock_guard lock(mutex_);
  waiting_[key] = std::move(ended);
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

void JobBoard::cancel_all(std::chrono::milliseconds grace) {
  std::vector<process::JobKey> keys;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, ended] : waiting_)
      keys.push_back(key);
  }
  for (const process::JobKey& key : keys)
    (void)launcher_.cancel(key, grace);
}

void JobBoard::take(const std::vector<process::JobReport>& reports) {
  for (const process::JobReport& report : reports) {
    if (report.kind != process::ReportKind::kEnded)
      continue;
    Ended ended;
    {
      const std::lock_guard lock(mutex_);
      const auto it = waiting_.find(report.key);
      if (it == waiting_.end())
        continue;
      ended = std::move(it->second);
      waiting_.erase(it);
    }
    ended(report);
  }
}

}  // namespace fleet::flow
