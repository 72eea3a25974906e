// A keeper of a test's own and an engine side that remembers what it was told. Whatever the test
// does, no process of it is left.
#pragma once

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/process/keeper_launcher.h"
#include "engine/process/proc.h"
#include "tests/support/scratch_dir.h"

namespace fleet::testing {

using process::End;
using process::JobKey;
using process::JobReport;
using process::JobSpec;
using process::KeeperLauncher;
using process::KeeperOptions;
using process::ReportKind;

// Far beyond what anything here takes: only a test that fails waits so long.
inline constexpr std::chrono::seconds kTestPatience{60};

inline bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + kTestPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

inline std::string contents_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Of this machine, zombies aside, with `word` in the command line.
inline std::vector<pid_t> processes_with(const std::string& word) {
  std::vector<pid_t> found;
  for (const pid_t pid : process::all_processes())
    if (pid != ::getpid() &&
        contents_of("/proc/" + std::to_string(pid) + "/cmdline").find(word) != std::string::npos)
      found.push_back(pid);
  return found;
}

class Keeper {
 public:
  explicit Keeper(bool namespaces = true) {
    std::filesystem::create_directory(scratch_ / "state");
    options_.state = scratch_ / "state";
    options_.executable = BARE_KEEPER;
    options_.idle = std::chrono::milliseconds(200);
    options_.namespaces = namespaces;
    options_.jobs = 8;
  }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  ~Keeper() {
    leave();
    end_keeper(SIGTERM);
  }

  KeeperOptions& options() { return options_; }
  const ScratchDir& scratch() const { return scratch_; }
  pid_t pid() const { return pid_; }
  KeeperLauncher& engine() { return *engine_; }

  // A new engine, which takes over.
  void enter(std::uint64_t since = 0) {
    ++options_.generation;
    auto opened = KeeperLauncher::open(options_);
    if (!opened)
      FAIL(opened.error().message());
    engine_ = *std::move(opened);
    pid_ = engine_->capabilities().keeper_pid;
    REQUIRE(engine_->watch(since, [this](std::vector<JobReport> reports) {
      for (JobReport& report : reports) {
        CHECK(report.sequence > last_);
        last_ = report.sequence;
        if (report.kind == ReportKind::kEnded) {
          ++times_ended_[report.key];
          ends_[report.key] = report;
        } else {
          starts_[report.key] = report;
        }
      }
    }));
  }
  void leave() { engine_.reset(); }

  void submit(std::vector<JobSpec> jobs) {
    if (const Status submitted = engine_->submit(std::move(jobs)); !submitted)
      FAIL(submitted.error().message());
  }

  // Lets the engine side work until it holds.
  void until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + kTestPatience;
    while (!holds()) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      pollfd ready{engine_->fd(), POLLIN, 0};
      ::poll(&ready, 1, 20);
      if (const Status dispatched = engine_->dispatch(); !dispatched)
        FAIL(dispatched.error().message());
      pid_ = engine_->capabilities().keeper_pid;
    }
  }
  const JobReport& end_of(const JobKey& key) {
    until([&] { return ends_.contains(key); });
    return ends_.at(key);
  }
  const JobReport& start_of(const JobKey& key) {
    until([&] { return starts_.contains(key); });
    return starts_.at(key);
  }
  const JobReport& run(JobSpec job) {
    const JobKey key = job.key;
    submit({std::move(job)});
    return end_of(key);
  }

  // The fake agent with these acts; its output goes to output_of(key).
  JobSpec agent(std::uint32_t task, std::vector<std::string> acts) {
    JobSpec job;
    job.key = {"test", task, 1, 0};
    job.argv = {FAKE_AGENT, "tag=" + tag()};
    job.argv.insert(job.argv.end(), acts.begin(), acts.end());
    job.env = {"PATH=/usr/bin:/bin"};
    job.cwd = scratch_.path();
    job.output = output_of(job.key);
    return job;
  }
  std::string output_of(const JobKey& key) const {
    return scratch_ / ("output." + std::to_string(key.task));
  }
  std::string tag() const {
    return "tag-of-" + std::filesystem::path(scratch_.path()).filename().string();
  }

  void end_keeper(int signal) const {
    if (pid_ <= 0 || processes_with(scratch_.path() + "/state").empty())
      return;
    const auto start = process::start_ticks(pid_);
    ::kill(pid_, signal);
    CHECK(eventually(
        [&] { return !start || process::start_ticks(pid_) != start || is_zombie(pid_); }));
  }

  std::map<JobKey, int> times_ended_;
  std::map<JobKey, JobReport> ends_;
  std::map<JobKey, JobReport> starts_;
  std::uint64_t last_ = 0;

 private:
  static bool is_zombie(pid_t pid) {
    return contents_of("/proc/" + std::to_string(pid) + "/stat").find(") Z ") != std::string::npos;
  }

  ScratchDir scratch_;
  KeeperOptions options_;
  std::unique_ptr<KeeperLauncher> engine_;
  pid_t pid_ = 0;
};

}  // namespace fleet::testing
