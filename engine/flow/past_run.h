// A run as the journal tells it, for reading: also while an engine is at work on it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/journal/reader.h"
#include "engine/run/observer.h"

namespace fleet::flow {

// The state, in the list of runs, of one that `run --new` gave up.
inline constexpr const char* kAbandoned = "abandoned";

// What the list of runs says of one: which flow it is of ("fleet.flow"), and what it was begun for,
// unique among runs; empty: somebody asked for it. Neither has a space in it.
struct RunMeta {
  std::string flow;
  std::string cause;
};
std::string meta_of(const RunMeta& meta);
RunMeta read_meta(const std::string& meta);

struct PastRun {
  journal::RunInfo info;
  plan::Plan plan;
  run::State state;
};

// Replays the run; `each` (if any) sees every event as it was taken. kCorrupt when the journal or
// the plan can't be believed.
Result<PastRun> replay_run(const journal::JournalReader& reader, const journal::RunInfo& info,
                           run::Observer* each);

// The run that `id` names, or the newest one when it is empty; kNotFound names those there are.
Result<journal::RunInfo> choose_run(const journal::JournalReader& reader, const std::string& id);

}  // namespace fleet::flow
