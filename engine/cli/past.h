// Runs as the journal has them, for commands that read: also beside an engine that is at work.
#pragma once

#include <memory>
#include <vector>

#include "engine/flow/engine.h"
#include "engine/flow/past_run.h"
#include "engine/journal/reader.h"
#include "engine/report/gate.h"

namespace fleet::cli {

struct Past {
  std::unique_ptr<journal::JournalReader> reader;
  flow::Places places;
};

// Of the repository around the working directory. kNotFound: nothing was ever run in it.
Result<Past> open_past();

bool engine_at_work(const flow::Places& places);

// Runs that can still be carried on, newest first.
Result<std::vector<std::shared_ptr<const flow::PastRun>>> unfinished_runs(const Past& past);

// What the list of runs and the decision box say of a run, now. `run` must outlive it.
report::Around around(const Past& past, const flow::PastRun& run);

// Says the error on stderr. The exit code: kUsage for what is not there, else kRunFailed.
int refuse(const Error& error);

}  // namespace fleet::cli
