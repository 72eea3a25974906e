// Texts as branch names. `slug` is injective and always gives valid components of a ref name:
// [A-Za-z0-9._-] and the `/` between two non-empty components are kept, every other byte and every
// construct that git refuses (a leading dot or dash, `..`, a trailing dot, `.lock`, an empty
// component) becomes %XX. The empty text is `%`; what would be too long for a file system is cut
// and ends in
// `%h` and a hash of the whole text, which no other slug contains. File systems that fold case are
// out of scope. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fleet::worktree {

// A `/` of the text separates components: the item notes/a.txt in `task/{item}` gives
// task/notes/a.txt.
std::string slug(std::string_view text);

// Whether git would accept `name` as a branch (git check-ref-format --branch, without its @{-N}).
bool is_valid_branch(std::string_view name);

// Two names that can't exist together as refs: equal, or one is a directory of the other. The first
// such pair in byte order.
std::optional<std::pair<std::string, std::string>> find_branch_conflict(
    std::vector<std::string> names);

}  // namespace fleet::worktree
