// A journal in memory: written some events at a time, each write taking its time, as a disk would.
// What was written outlives the engine that wrote it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/simulate/agenda.h"

namespace fleet::simulate {

class MemoryLog final : public flow::EventLog {
 public:
  // `takes` says how long the next write takes. Both must outlive the log.
  MemoryLog(Agenda& agenda, std::function<std::chrono::milliseconds()> takes)
      : agenda_(agenda), takes_(std::move(takes)) {}

  void start(Durable durable) override;
  void stop() override { durable_ = nullptr; }
  std::uint64_t append(const run::Event& event) override;

  // The write that holds the `count`-th event from now on fails, and with it the log, until the
  // next `start`. `written`: that write has reached the disk all the same.
  void fail_after(std::size_t count, bool written) {
    fails_at_ = events_.size() + waiting_.size() + count;
    failing_is_written_ = written;
  }

  // The engine is gone. What was only queued is lost; a write under way has reached the disk, or
  // has not.
  void engine_died(bool written);

  // Whether it failed under the engine that lives now.
  bool failed() const { return failed_; }

  // What is on disk.
  const std::vector<run::Event>& events() const { return events_; }

 private:
  void write();
  void written();
  void keep();

  Agenda& agenda_;
  std::function<std::chrono::milliseconds()> takes_;
  std::vector<run::Event> events_;
  std::vector<run::Event> waiting_;  // the first `writing_` of them are being written
  std::size_t writing_ = 0;
  std::optional<std::size_t> fails_at_;
  bool failing_is_written_ = false;
  bool failed_ = false;
  Durable durable_;
  std::shared_ptr<int> engine_;  // what a dead one had under way finds it gone
};

}  // namespace fleet::simulate
