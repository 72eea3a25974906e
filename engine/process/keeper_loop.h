// The keeper once it runs: one thread, one epoll set, from the first connection to its idle end.
// What it does with jobs is in job_table, recorder and processes; this is what connects them to the
// socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/os/clock.h"
#include "engine/process/connection.h"
#include "engine/process/job_table.h"
#include "engine/process/launcher.h"
#include "engine/process/processes.h"
#include "engine/process/recorder.h"

namespace fleet::process {

class KeeperLoop {
 public:
  struct Setup {
    std::chrono::milliseconds idle{3'000};
    Capabilities capabilities;
    std::uint32_t mark = 0;
    UniqueFd listener;
    UniqueFd signals;  // a signalfd for SIGCHLD, SIGTERM and SIGINT
  };
  KeeperLoop(Setup setup, std::unique_ptr<JobTable> table, Recorder recorder, Processes processes,
             const os::Clock& clock);

  // Before `run`. After an error this keeper would never hear of an end, a deadline or a client, and
  // must not start.
  Status prepare();

  // Until nothing is left to do or a signal said so. An error is final: whatever is not recorded by
  // now never will be.
  Status run();

 private:
  struct Client {
    Connection connection;
    enum class Role { kNew, kEngine, kObserver } role = Role::kNew;
    bool watching = false;
    std::optional<std::uint64_t> watch_since{};  // asked for, not begun
    bool polled_for_room = false;
    bool closing = false;  // once all was sent
  };

  Status wait_for_events();
  Status watch_fd(int fd, std::uint64_t id, std::uint32_t events, bool add);
  std::optional<os::MonoTime> wake_by() const;
  Status arm_timer();

  void take_signals();
  void take_timer();
  void accept_client();
  void serve(std::uint64_t id);
  void drop(std::uint64_t id);
  void refuse(std::uint64_t id, Errc code, std::string text);
  void flush_clients();

  Status take(std::uint64_t id, Client& client, Message message);
  Status greet(std::uint64_t id, Client& client, const Hello& hello);
  Status take_order(Client& client, Message message);
  void submit(std::vector<JobSpec> jobs);
  void cancel(Job& job, std::chrono::milliseconds grace, const char* why);
  void expect(const std::vector<JobKey>& keys);
  void list(Client& client) const;

  // Everything that became possible: starts, ends, records, news.
  Status advance();
  Status start_queued();
  void tell_news();
  Status begin_watch();
  void check_absence();
  bool idle_over() const;
  // A full disk is waited out; anything else ends the keeper.
  Status tolerate(Status status);

  Setup setup_;
  const os::Clock* clock_;
  std::unique_ptr<JobTable> table_;
  Recorder recorder_;
  Processes processes_;
  UniqueFd epoll_;
  UniqueFd timer_;
  std::optional<os::MonoTime> armed_for_;
  std::unordered_map<std::uint64_t, Client> clients_;
  std::uint64_t next_client_ = 16;  // smaller ids are those of the loop's own descriptors
  std::uint64_t engine_ = 0;        // 0: none is connected
  std::uint32_t jobs_limit_ = 1;
  std::chrono::milliseconds away_{0};
  os::MonoTime alone_since_{};
  bool absence_handled_ = false;
  bool stopping_ = false;
  std::vector<std::pair<Job*, std::uint64_t>> starting_;  // announced, with their sequences
  std::optional<os::MonoTime> retry_at_;                  // the disk is full until then at least
  Status failure_;
};

}  // namespace fleet::process
