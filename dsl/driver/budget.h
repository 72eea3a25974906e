// F501: what a fleet may spend against what a run, or a day, of it may cost. Shows sums of plans, so
// it comes after the other checks.
#pragma once

#include "dsl/base/diagnostic.h"
#include "dsl/base/source.h"
#include "dsl/sema/model.h"

namespace fleet {

// REQUIRES: nothing is wrong with the model so far. Says nothing of a run whose cost is not known:
// F504 sees to it that a fleet with a budget is bounded.
void check_budget(const SourceMap& sources, const sema::Model& model, DiagnosticSink& sink);

}  // namespace fleet
