// What F302 leaves to the run: steps of which neither a branch was found that tasks of both can
// claim, nor that there is none.
#pragma once

#include <cstddef>
#include <vector>

#include "dsl/sema/model.h"

namespace fleet::checks {

struct OpenClaim {
  std::size_t earlier = 0;  // steps of the flow
  std::size_t later = 0;
};

// By the earlier step, then by the later; 256 at most. REQUIRES: the checks found no error.
std::vector<OpenClaim> open_claims(const SourceMap& sources, const sema::Model& model,
                                   const sema::Flow& flow);

}  // namespace fleet::checks
