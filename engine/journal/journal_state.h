// What a journal is made of: the queue that its callers fill and the thread that empties it.
// Private to engine/journal.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "engine/journal/group_writer.h"
#include "engine/journal/journal.h"
#include "engine/journal/projection.h"

namespace fleet::journal {

enum class Phase : std::uint8_t {
  kOpen,
  kLastOnly,  // no space and the reserve is spent: only what records the stop goes through
  kDead,      // nothing goes through any more
};

enum class Urgency : std::uint8_t { kOrdinary, kLast };

struct Journal::State {
  std::unique_ptr<JournalReader> reader;  // its projection is kept up by the journal's thread
  std::unique_ptr<GroupWriter> writer;  // the journal's thread's, and close()'s once that has ended
  OnDurable on_durable;
  std::optional<os::FileLock> lock;
  std::thread thread;

  mutable std::mutex mutex;      // guards what follows, up to the next empty line
  std::condition_variable work;  // for the thread
  std::condition_variable done;  // for flush
  Group queued;
  std::uint64_t queued_count = 0;   // groups begun; `queued` is the last of them
  std::uint64_t durable_count = 0;  // groups that are durable
  Seq assigned;
  Seq durable;
  std::map<std::string, RunKey, std::less<>> ids;  // of runs, durable or not yet
  std::set<RunKey> keys;
  Phase phase = Phase::kOpen;
  Status failure;  // why it is not kOpen; the first one
  bool closing = false;
  bool closed = false;

  // The journal's thread's, and close()'s.
  Seq snapshot_through;
  std::uint64_t bytes_since_snapshot = 0;
  std::size_t snapshot_bytes = 0;

  // The thread.
  void run();
  // Empty when a snapshot is not worth its size yet.
  std::string due_snapshot(bool at_close);

  Result<Seq> append(RunKey run, std::span<const EventDraft> events, Urgency urgency);
  Result<Seq> append_own(RunKey run, OwnType type, os::WallTime at, std::string_view payload,
                         Urgency urgency);
  Result<RunKey> create_run(const NewRun& run);
  Status queue_blob(Blob blob);

 private:
  // REQUIRES: `mutex` is held.
  Status may_queue(Urgency urgency) const;
  Status known(RunKey run) const;
  Group& group();
  void queue_event(RunKey run, std::uint32_t type, os::WallTime at, std::string_view payload);

  void settle(const Group& group, const Written& written, std::unique_lock<std::mutex>& guard);
  void publish(const Group& group, const Written& written);
};

}  // namespace fleet::journal
