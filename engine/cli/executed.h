// What a plan asks for and the engine does not carry out: `run` refuses it, by name, so that
// nothing which the compiler accepts is without effect.
#pragma once

#include <string>
#include <vector>

#include "dsl/base/source.h"
#include "dsl/plan/plan.h"
#include "dsl/sema/model.h"

namespace fleet::cli {

// Who is to carry it out: one run of a flow, or the resident fleet, for which this is a plan of one
// of its duties.
enum class Executes { kRun, kResident };

// "run can't carry out `human` yet (ship.fleet:41)", one line a thing, in the order of the plan;
// the place is where the key or the step was said last.
std::vector<std::string> not_executed(const plan::Plan& plan, const sema::Model& model,
                                      const SourceMap& sources, Executes executes = Executes::kRun);

}  // namespace fleet::cli
