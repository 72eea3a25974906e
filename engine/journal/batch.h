// A batch: consecutive events of one run that became durable together, one row of the database.
// Knows the bytes of an event and the chain step; nothing of SQLite. Private to engine/journal. See
// FORMAT.md.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/journal/bytes.h"
#include "engine/journal/types.h"

namespace fleet::journal {

// A row stays below this where its events are small: longer rows gain nothing, and a reader that
// wants one event verifies a whole row.
inline constexpr std::size_t kBatchBytes = 16384;

struct Batch {
  Seq first;
  RunKey run;
  std::uint64_t count = 0;
  std::string events;  // encoded one after another

  Seq last() const { return {first.value + count - 1}; }
};

// The same as it stands in the database, in borrowed memory.
struct BatchView {
  Seq first;
  RunKey run;
  std::uint64_t count = 0;
  std::string_view events;
  std::string_view chain;

  Seq last() const { return {first.value + count - 1}; }
};

// Appends the encoded event to batch.events and counts it.
void add_event(Batch& batch, std::uint32_t type, os::WallTime at, std::string_view payload);

// What follows `before` when this batch is written.
Digest chain_after(const Digest& before, const BatchView& batch);

// Checks everything that the batch says of itself, then moves `chain` past it. kCorrupt names the
// event.
Status verify_batch(const BatchView& batch, Digest& chain);

// REQUIRES: verify_batch succeeded. Stops when `visit` returns false, and returns that.
bool visit_events(const BatchView& batch, const std::function<bool(const EventView&)>& visit);

}  // namespace fleet::journal
