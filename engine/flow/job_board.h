// Who waits for which job: reports of the launcher to the call that submitted the job. Knows
// nothing of what a job is for. One board serves all runs of an engine.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/process/launcher.h"

namespace fleet::flow {

class JobBoard {
 public:
  using Ended = std::function<void(const process::JobReport&)>;

  explicit JobBoard(process::Launcher& launcher) : launcher_(launcher) {}

  // Calls `ended` exactly once, from any thread, possibly before it returns: with the job's end, or
  // with a report kSpawnFailed when the launcher would not take it.
  void submit(process::JobSpec spec, Ended ended);
  // Waits for a job that an earlier engine submitted.
  void expect(const process::JobKey& key, Ended ended);
  // Every job of this attempt, evidence included.
  void cancel(const std::string& run, std::uint32_t task, std::uint32_t epoch,
              std::chrono::milliseconds grace);
  // Every job of the run.
  void cancel_all(const std::string& run, std::chrono::milliseconds grace);
  // Ends of the run's jobs are kept until `release`: of a run that an earlier engine began, they
  // must not come before the news that it goes on.
  void hold(const std::string& run);
  void release(const std::string& run);
  // Nobody waits for the run's jobs any more; returns when no `ended` of them is under way. Not
  // from within one.
  void forget(const std::string& run);
  // The launcher is gone and nothing more will be heard of any job: all are told to be lost, those
  // submitted later at once.
  void close(const std::string& why);

  // The launcher's sink; reports nobody waits for are dropped.
  void take(const std::vector<process::JobReport>& reports);

 private:
  bool expect_open(const process::JobKey& key, Ended ended);
  Ended claim(const process::JobReport& report);

  process::Launcher& launcher_;
  std::mutex mutex_;  // guards the four below
  std::map<process::JobKey, Ended> waiting_;
  std::map<std::string, std::vector<process::JobReport>> held_;  // by run
  std::map<std::string, std::size_t> telling_;  // by run: calls of `ended` that are under way
  std::optional<std::string> closed_;           // why
  std::condition_variable told_;
};

}  // namespace fleet::flow
