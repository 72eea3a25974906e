// From a fleet file and the words after it to a plan, with everything that is wrong said on stderr.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "dsl/base/diagnostic.h"
#include "dsl/plan/plan.h"
#include "dsl/sema/model.h"
#include "engine/cli/commands.h"

namespace fleet::cli {

struct Front {
  std::optional<plan::Plan> plan;
  // What it was made from; set with the plan.
  std::shared_ptr<const sema::Model> model;
  std::shared_ptr<const SourceMap> sources;
  int exit_code = 0;   // when there is no plan
  std::string folder;  // of the file: what `repo` is relative to
};

// `to_run`: parameters without a value are an error, not holes.
Front compile_flow(const FlowOptions& options, bool to_run);

// The day in days since 1970-01-01, UTC: of `written` ("2027-01-31"), or of the clock when that is
// empty. Nothing when it is no date.
std::optional<std::int64_t> day_of(const std::string& written);

// Diagnostics as text on stderr.
void show(const std::vector<Diagnostic>& diagnostics, const SourceMap& sources);

// "fleetc: FILE: WHY" on stderr.
void say_unreadable(const std::string& file, const std::string& why);

// The folder of a file as written, "." for a bare name.
std::string folder_of(const std::string& file);

}  // namespace fleet::cli
