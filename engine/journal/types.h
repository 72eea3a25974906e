// What the journal speaks in. It knows neither plans nor the run core: a payload is opaque bytes
// with a small integer beside it.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/os/clock.h"

namespace fleet::journal {

// Position of an event among all events of a journal: 1, 2, 3, … without gaps. 0 is "before the
// first".
struct Seq {
  std::uint64_t value = 0;
  friend auto operator<=>(Seq, Seq) = default;
};

// Names a run inside one journal. Never reused. 0 is no run: events of the engine itself.
struct RunKey {
  std::uint64_t value = 0;
  friend auto operator<=>(RunKey, RunKey) = default;
};

// Types from here on are the journal's own (a run was created, a duration was measured, …). They
// take sequence numbers like any event; append refuses them and read does not show them.
inline constexpr std::uint32_t kFirstReservedType = 0xF000;

// Bounds of one event and of one append call; larger is kInvalid. Bigger things are blobs.
inline constexpr std::size_t kMaxPayload = std::size_t{16} << 20;
inline constexpr std::size_t kMaxAppend = std::size_t{64} << 20;

struct EventDraft {
  std::uint32_t type = 0;
  os::WallTime at;
  std::string payload;
};

// Views are valid only during the call that passes them.
struct EventView {
  Seq seq;
  RunKey run;
  std::uint32_t type = 0;
  os::WallTime at;
  std::string_view payload;
};

// Address of a blob: SHA-256 of its bytes, 64 lower-case hex digits.
using BlobId = std::string;

struct NewRun {
  std::string id;    // as users see it; unique in the journal, not empty
  BlobId plan;       // put_blob's answer; may be empty
  std::string meta;  // opaque; by convention a small JSON object
  os::WallTime at;
};

struct RunInfo {
  RunKey key;
  std::string id;
  BlobId plan;
  std::string meta;
  os::WallTime created;
  std::string state;      // whatever set_run_state said last; empty before
  bool finished = false;  // with the same call
  os::WallTime changed;   // when it said so; `created` before
  Seq first;              // its creation
  Seq last;               // its newest event, the journal's own included
  friend bool operator==(const RunInfo&, const RunInfo&) = default;
};

// Durations by whom, from where (a node, a site, a launcher) and of what ("spawn", "task"). The
// journal keeps the newest kMeasuresKept of each (agent, source, kind) at hand; older ones stay as
// events.
inline constexpr std::size_t kMeasuresKept = 64;

struct MeasureKey {
  std::string agent;
  std::string source;
  std::string kind;
  friend auto operator<=>(const MeasureKey&, const MeasureKey&) = default;
};

struct Measure {
  Seq seq;
  os::WallTime at;
  std::chrono::milliseconds took{0};
  friend bool operator==(const Measure&, const Measure&) = default;
};

}  // namespace fleet::journal
