// Disk space held back, so that the stop of an engine on a full disk can still be recorded. Private
// to engine/journal.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"

namespace fleet::journal {

// Allocates the file's blocks; keeps what an earlier writer left. kNoSpace when they do not fit.
Status hold_reserve(const std::string& path, std::uint64_t bytes);

// Gives the space back. False when there was none.
bool release_reserve(const std::string& path);

}  // namespace fleet::journal
