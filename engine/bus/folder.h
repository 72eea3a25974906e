// What the files of this room need around folders. Private to engine/bus.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"

namespace fleet::bus {

// The names in it, in any order; what appears or goes meanwhile is there or not.
Result<std::vector<std::string>> list_folder(int folder);
// False: it was not there (any more).
Result<bool> rename(int from, const std::string& name, int to, const std::string& as);
// The same, where it does not matter that it was not there.
Status rename_any(int from, const std::string& name, int to, const std::string& as);

}  // namespace fleet::bus
