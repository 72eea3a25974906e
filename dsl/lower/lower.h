// From the model to a plan: every inherited value resolved, parameters filled in, steps in the
// order of the DAG, the critical path and the worst case computed, hashes sealed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dsl/plan/plan.h"
#include "dsl/sema/model.h"

namespace fleet::lower {

struct LowerOptions {
  std::string file;  // the fleet file as the user named it
  // By name; names that the flow does not declare are ignored. A parameter without a value stays a
  // hole and is listed in Plan::unbound.
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string subject = {};   // Plan::subject
  std::string criteria = {};  // Plan::criteria
};

// REQUIRES: the checks found no error; the model has a fleet with a repository, and `flow` is one
// of its flows.
plan::Plan lower(const SourceMap& sources, const sema::Model& model, const sema::Flow& flow,
                 const LowerOptions& options);

// `text` as a part of a branch name: [A-Za-z0-9_.-] and inner slashes are kept where git allows
// them, every other byte becomes %XX, so that different texts stay different. The same rule as the
// engine's for the holes that it fills.
std::string branch_part(std::string_view text);

}  // namespace fleet::lower
