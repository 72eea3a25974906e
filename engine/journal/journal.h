// The journal of facts, durable before anyone acts on them. One writer a directory; a thread of its
// own commits all that is queued at once, so that many events cost one fsync. The first failure
// sticks. Owns SQLite together with reader.h; knows neither plans nor the run core. Format:
// FORMAT.md.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/journal/reader.h"
#include "engine/journal/types.h"
#include "engine/os/files.h"

namespace fleet::journal {

// Called on the journal's thread after each commit, and once more when the journal fails: every
// event up to `through` is durable. After an error it is not called again. May append; must not
// flush or close.
using OnDurable = std::function<void(Seq through, const Status& status)>;

struct JournalOptions {
  OnDurable on_durable;
  LostTail lost_tail = LostTail::kRefuse;
  std::uint64_t reserve_bytes = std::uint64_t{1} << 20;  // kept on disk to pay for recording a stop
  std::string sqlite_vfs;  // tests pass a faulty one; empty is the system's
};

// Thread-safe. Nothing here but open, flush, close and the readings waits for the disk.
class Journal {
 public:
  // Creates the directory (0700) and an empty journal when there is none. kBusy while another
  // process has it open for writing (the message names its pid); kReadOnly; kNoSpace when not even
  // the reserve fits; kUnsupported and kCorrupt as for JournalReader::open. `files` must outlive
  // the journal.
  static Result<std::unique_ptr<Journal>> open(const std::string& dir, JournalOptions options = {},
                                               os::Files& files = os::system_files());
  // Closes; an error of the last commit is lost, so call close() where that matters.
  ~Journal();

  // Queues events and returns the sequence number of the last: they are durable when on_durable or
  // flush says so. All of one call become durable together or not at all, next to each other. An
  // empty span answers the last number given out. kNotFound for an unknown run, kInvalid beyond the
  // bounds in types.h, else the error that stopped the journal: then nothing was queued.
  Result<Seq> append(RunKey run, std::span<const EventDraft> events);

  // For the few events that say that the engine stops: after kNoSpace, these still go through, paid
  // by the reserve. The same as append in every other respect.
  Result<Seq> append_last(RunKey run, std::span<const EventDraft> events);

  // kExists when the id is taken. The key is usable at once; durable with later events.
  Result<RunKey> create_run(const NewRun& run);
  // Whatever list_runs should show; `finished` runs are no longer offered for resumption. Allowed
  // after kNoSpace too. An event of the journal's own.
  Result<Seq> set_run_state(RunKey run, std::string_view state, bool finished, os::WallTime at);
  Result<Seq> record_measure(RunKey run, const MeasureKey& key, std::chrono::milliseconds took,
                             os::WallTime at);
  // Durable with (and never later than) any event appended after it. Storing the same bytes twice
  // is free.
  Result<BlobId> put_blob(std::string_view bytes);

  // Waits until all that was queued before is durable and on_durable was called for it. Success
  // says just that, even after kNoSpace; an error means that some of it never will be.
  Status flush();
  // Flushes, checkpoints and gives up the lock. Later calls are kCancelled.
  Status close();

  // Success, or the failure that sticks.
  Status status() const;
  Seq durable_seq() const;   // for comparing with what others (keepers, refs) remember
  Seq assigned_seq() const;  // the last number given out, durable or not

  // Durable state as of now, on the caller's thread; never waits for a commit in progress.
  Seq last_seq(RunKey run) const;
  Seq lost_through() const;
  Status read(RunKey run, Seq from, const EventVisitor& visit) const;
  Status read_all(Seq from, const EventVisitor& visit) const;
  Status verify() const;
  std::vector<RunInfo> list_runs() const;
  std::optional<RunInfo> find_run(std::string_view id) const;
  std::optional<RunInfo> latest_unfinished() const;
  std::vector<Measure> measures(const MeasureKey& key, std::size_t limit) const;
  Result<std::string> get_blob(const BlobId& id) const;

 private:
  struct State;
  explicit Journal(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fleet::journal
