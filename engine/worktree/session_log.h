// What a session says it committed, from the reflog of its own git directory: text for people, in a
// commit's body. Hostile input: bounded and stripped of control characters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/worktree/slot.h"

namespace fleet::worktree {

// Subjects, oldest first, at most kMaxSubjects of the latest; amended ones are replaced.
inline constexpr std::size_t kMaxSubjects = 20;
std::vector<std::string> parse_subjects(std::string_view reflog);
std::vector<std::string> session_subjects(const Slot& slot);

}  // namespace fleet::worktree
