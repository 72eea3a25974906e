// The nearest of some names to one that does not exist.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fleet::worktree {

// Empty if nothing is close enough to be a slip of the pen.
std::string nearest_name(std::string_view wanted, const std::vector<std::string>& names);

}  // namespace fleet::worktree
