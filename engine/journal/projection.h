// What the journal knows by heart: its runs and the newest measurements, folded from its own events
// and nothing else, so that it can always be rebuilt. Pure: no I/O. Private to engine/journal.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/journal/batch.h"
#include "engine/journal/types.h"

namespace fleet::journal {

// Persistent; never renumbered. A new one raises the schema version.
enum class OwnType : std::uint32_t { kRunCreated = 0xF001, kRunState = 0xF002, kMeasure = 0xF003 };

std::string encode_run_created(const NewRun& run);
std::string encode_run_state(std::string_view state, bool finished);
std::string encode_measure(const MeasureKey& key, std::chrono::milliseconds took);

class Projection {
 public:
  // REQUIRES: verify_batch succeeded, and the batch begins one after through(). kCorrupt when an
  // event of the journal's own makes no sense: then the projection is not to be used any more.
  Status apply(const BatchView& batch, const Digest& chain);

  // The position that all of this describes.
  Seq through() const { return through_; }
  const Digest& chain() const { return chain_; }

  Seq last_of(RunKey run) const;
  const RunInfo* find(RunKey run) const;
  const RunInfo* find(std::string_view id) const;
  const RunInfo* latest_unfinished() const;
  const std::map<RunKey, RunInfo>& runs() const { return runs_; }  // oldest first
  std::vector<Measure> measures(const MeasureKey& key, std::size_t limit) const;
  bool names_plan(const BlobId& blob) const;

  // A snapshot saves folding all events anew. decode yields nothing for damaged bytes; whether the
  // journal still has `chain()` at `through()` is for the caller to check.
  std::string encode() const;
  static std::optional<Projection> decode(std::string_view bytes);

 private:
  Status apply_own(const EventView& event);

  Seq through_;
  Digest chain_{};
  Seq last_without_run_;
  std::map<RunKey, RunInfo> runs_;
  std::map<std::string, RunKey, std::less<>> by_id_;
  std::map<MeasureKey, std::deque<Measure>> measures_;  // oldest first
};

}  // namespace fleet::journal
