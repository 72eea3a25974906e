// What the engine knows of a slot between two runs: a small file in its engine directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/worktree/pool.h"

namespace fleet::worktree {

struct SlotState {
  SlotKind kind = SlotKind::kSession;
  std::string agent;
  Oid commit;
  Leftovers leftovers = Leftovers::kUnsaved;
  bool resetting = false;       // a reset began and did not end
  std::int64_t written_ns = 0;  // when the file was written: least recently used goes first
};

// nullopt if the file is missing or makes no sense.
std::optional<SlotState> load_state(const std::string& root);
// Not synced: after a power loss a slot without state is rebuilt.
Status save_state(const std::string& root, const SlotState& state);

}  // namespace fleet::worktree
