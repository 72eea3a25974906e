// The Launcher of this machine: a client of the keeper, the small process that owns all local jobs
// of a state directory and outlives the engine. Starts a keeper where none answers, and a new one
// when it dies.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/process/launcher.h"

namespace fleet::process {

struct KeeperOptions {
  std::filesystem::path state;  // absolute; exists; the keeper's files go into state/keeper/
  std::filesystem::path executable = "/proc/self/exe";  // run as: EXECUTABLE keeper --state STATE
  std::uint64_t generation = 0;  // of this engine; a higher one supersedes a lower, for ever
  std::uint32_t jobs = 2;        // how many may run at once
  std::chrono::milliseconds away{
      10'000};  // absence after which kill_with_engine jobs are cancelled
  std::chrono::milliseconds idle{
      3'000};              // the keeper ends itself: no engine, no live job for so long
  bool namespaces = true;  // false: as on a machine that allows none
};

class KeeperLauncher final : public Launcher {
 public:
  // Connects, starting a keeper if need be (which first waits for its predecessor's processes to be
  // gone). kConflict: an engine of a higher generation was here.
  static Result<std::unique_ptr<KeeperLauncher>> open(KeeperOptions options);
  ~KeeperLauncher() override;  // disconnects; the keeper and its jobs go on

  Status submit(std::vector<JobSpec> jobs) override;
  Status cancel(const JobKey& key, std::chrono::milliseconds grace) override;
  Status set_jobs(std::uint32_t jobs) override;
  Status expect(std::vector<JobKey> keys) override;
  Status release(std::string_view run) override;
  Result<std::vector<JobStatus>> list() override;
  Status watch(std::uint64_t since, ReportSink sink) override;
  const Capabilities& capabilities() const override;
  int fd() const override;
  Status dispatch() override;

 private:
  struct Core;
  explicit KeeperLauncher(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

// A thread that dispatches until it is destroyed or dispatch fails; the sink is called on it.
class DispatchThread {
 public:
  // `failed` is called at most once, with what ended the thread, on it; or here, with why it could
  // not start.
  DispatchThread(Launcher& launcher, std::function<void(Error)> failed);
  ~DispatchThread();  // stops and joins

 private:
  UniqueFd stop_;
  std::thread thread_;
};

// What list() of a keeper says, without being its engine and without starting one: for `status`
// beside a running engine. kNotFound: no keeper runs.
Result<std::vector<JobStatus>> list_keeper(const std::filesystem::path& state);

}  // namespace fleet::process
