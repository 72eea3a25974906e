// Reads a journal, also while another process writes it. What is durable is seen, and nothing else.
// Every byte that is handed out was verified: kCorrupt says what is wrong, where, and what to do,
// and nothing that was read before such an error is to be believed as complete. Format: FORMAT.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/journal/types.h"

namespace fleet::journal {

enum class LostTail : std::uint8_t {
  kRefuse,  // fewer events than were known to be durable: kCorrupt
  kAccept,  // take the verified prefix that is left; JournalReader::lost_through says what is
            // missing
};

// Return false to stop reading; that is no error.
using EventVisitor = std::function<bool(const EventView&)>;

// Thread-safe; calls may wait for each other. Hold it only as long as needed: none of its calls
// keeps the writer from writing, but the log cannot shrink while `read` is inside its visitor.
class JournalReader {
 public:
  // `dir` is the state directory (it holds state.db). kNotFound when there is no journal;
  // kUnsupported when a newer fleetc wrote it; kCorrupt when it is damaged or not a journal. Writes
  // nothing that matters: works on a read-only directory when the journal was closed properly.
  static Result<std::unique_ptr<JournalReader>> open(const std::string& dir,
                                                     LostTail tail = LostTail::kRefuse);
  ~JournalReader();

  // Takes in what became durable since. Every other call answers as of the last refresh (or open).
  Status refresh();

  Seq last_seq() const;
  // Zero for an unknown run.
  Seq last_seq(RunKey run) const;
  // Highest sequence number known to have been durable and now missing; zero when nothing is.
  Seq lost_through() const;

  // Events of one run from `from` on, in order. Verifies every event of the journal between the
  // run's first read event and its last: sequence, CRC32C, chain. kNotFound for an unknown run.
  Status read(RunKey run, Seq from, const EventVisitor& visit) const;
  // The same over every run.
  Status read_all(Seq from, const EventVisitor& visit) const;
  // Everything there is: each event, the chain from its beginning, each blob, SQLite's own
  // structure.
  Status verify() const;

  // Newest first.
  std::vector<RunInfo> list_runs() const;
  std::optional<RunInfo> find_run(std::string_view id) const;
  std::optional<RunInfo> latest_unfinished() const;

  // The newest `limit` (at most kMeasuresKept), newest first.
  std::vector<Measure> measures(const MeasureKey& key, std::size_t limit) const;

  // kNotFound when it never was there; kCorrupt when its bytes do not fit its address, or when it
  // is missing although a run names it as its plan.
  Result<std::string> get_blob(const BlobId& id) const;

 private:
  friend class Journal;
  struct State;
  explicit JournalReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fleet::journal
