// One run in the foreground: progress, both Ctrl-Cs, the summary, the exit code.
#pragma once

#include <string>

#include "engine/flow/engine.h"

namespace fleet::cli {

// REQUIRES: the engine has begun or taken up a run.
int run_in_foreground(flow::Engine& engine, const std::string& format);

// The process's environment as a map.
std::map<std::string, std::string> environment();

}  // namespace fleet::cli
