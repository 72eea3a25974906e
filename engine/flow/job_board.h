// Who waits for which job: reports of the launcher to the call that submitted the job. Knows
// nothing of what a job is for.
#pragma once

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
  void cancel_all(std::chrono::milliseconds grace);
  // The launcher is gone and nothing more will be heard of any job: all are told to be lost, those
  // submitted later at once.
  void close(const std::string& why);

  // The launcher's sink; reports nobody waits for are dropped.
  void take(const std::vector<process::JobReport>& reports);

 private:
  bool expect_open(const process::JobKey& key, Ended ended);

  process::Launcher& launcher_;
  std::mutex mutex_;  // guards the two below
  std::map<process::JobKey, Ended> waiting_;
  std::optional<std::string> closed_;  // why
};

}  // namespace fleet::flow
