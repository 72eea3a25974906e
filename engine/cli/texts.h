// The user's own files, changed by fmt, fix and lock.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace fleet::cli {

// At once or not at all. A link stays a link, and the file keeps its mode; a file that is not there
// is made.
Status replace_text(const std::string& file, const std::string& text);

}  // namespace fleet::cli
