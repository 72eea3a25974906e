// Runs as the journal has them, for commands that read: also beside an engine that is at work.
#pragma once

#include <memory>

#include "engine/flow/engine.h"
#include "engine/flow/past_run.h"
#include "engine/journal/reader.h"

namespace fleet::cli {

struct Past {
  std::unique_ptr<journal::JournalReader> reader;
  flow::Places places;
};

// Of the repository around the working directory. kNotFound: nothing was ever run in it.
Result<Past> open_past();

bool engine_at_work(const flow::Places& places);

// Says the error on stderr. The exit code: kUsage for what is not there, else kRunFailed.
int refuse(const Error& error);

}  // namespace fleet::cli
