// What a step has for those that use it: outcomes, a branch, findings. Of what was not understood
// each is true, so that nothing is said that follows from another mistake. Checks refuse what is
// not offered, and an editor offers the rest.
#pragma once

#include <cstddef>

#include "dsl/sema/model.h"

namespace fleet::sema {

// Whether the step can ever have this outcome, by its kind and its agents alone; that no run comes
// to it is another matter.
bool can_fire(const Model& model, const Flow& flow, std::size_t step, plan::EdgeKind kind);

// Whether its work is on a branch, or that of each item of a fan-out is.
bool leaves_work(const Model& model, const Step& step);

// Whether it gives verdicts, or joins a step that does.
bool can_find(const Model& model, const Flow& flow, std::size_t step);

}  // namespace fleet::sema
