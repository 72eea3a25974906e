// Whether two globs of `in` (glob.h: PathSet) can claim one path. Pure.
#pragma once

#include <string_view>

namespace fleet::worktree {

// Never false for two that do. Two components that both have special characters are told apart by
// what they begin and end with only, so that `*a*` and `*b*` meet. Costs at most the product of
// the numbers of their components.
bool may_meet(std::string_view one, std::string_view other);

}  // namespace fleet::worktree
