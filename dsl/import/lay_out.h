// A draft as the text of a fleet: roles and runtimes, and of each flow who begins at whose work,
// what is mended, who decides, and what reaches the base.
#pragma once

#include <string>

#include "dsl/import/draft.h"

namespace fleet::import {

// Not yet in the one canonical layout. What could not be carried over is a comment at its place.
std::string lay_out(const Draft& draft);

}  // namespace fleet::import
