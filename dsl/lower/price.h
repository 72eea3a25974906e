// What one run of a flow may cost, from the model alone, without its plan.
#pragma once

#include <cstddef>
#include <vector>

#include "dsl/sema/model.h"

namespace fleet::lower {

// Attempts × items × rounds of every step, each attempt as dear as its dearest agent. A sum that
// does not fit is cut off at the most that the type holds. An agent with `$X/day` costs that once a
// day, however many runs call it how often: it is named instead of counted. A fan-out over both
// kinds counts as if it took each to the full.
struct Price {
  plan::Money money;                // of the steps whose agents have `$X/task`
  bool complete = true;             // none is without any budget
  std::vector<std::size_t> capped;  // agents with `$X/day`, into Model::agents, each once
};
Price price_of(const sema::Model& model, const sema::Flow& flow);

}  // namespace fleet::lower
