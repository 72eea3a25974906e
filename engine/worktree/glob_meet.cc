#include "engine/worktree/glob_meet.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "engine/worktree/glob.h"

namespace fleet::worktree {
namespace {

constexpr std::string_view kSpecials = "*?";
constexpr std::string_view kAny = "*";
constexpr std::string_view kDeep = "**";

bool is_literal(std::string_view component) {
  return component.find_first_of(kSpecials) == std::string_view::npos;
}

// The components; one that covers what is beneath it, too, gets a `**` behind it. From a class or
// an escape on it may be anything.
std::vector<std::string_view> components_of(std::string_view glob) {
  if (glob.starts_with("./"))
    glob.remove_prefix(2);
  const bool folder = glob.ends_with('/');
  std::vector<std::string_view> parts;
  while (!glob.empty()) {
    const std::size_t slash = std::min(glob.find('/'), glob.size());
    const std::string_view part = glob.substr(0, slash);
    if (part.find_first_of("[\\") != std::string_view::npos) {
      parts.push_back(kDeep);
      return parts;
    }
    const bool last = slash + 1 >= glob.size();
    if (part.size() >= 2 && part.find_first_not_of('*') == std::string_view::npos) {
      if (last)
        parts.push_back(kAny);  // at the end it stands for one component at least
      parts.push_back(kDeep);
    } else if (!part.empty()) {
      parts.push_back(part);
    }
    glob.remove_prefix(std::min(slash + 1, glob.size()));
  }
  if (!parts.empty() && (folder || is_literal(parts.back())))
    parts.push_back(kDeep);
  return parts;
}

bool parts_meet(std::string_view one, std::string_view other) {
  if (is_literal(one) && is_literal(other))
    return one == other;
  if (is_literal(one))
    return glob_matches(other, one);
  if (is_literal(other))
    return glob_matches(one, other);
  const std::size_t head = std::min(one.find_first_of(kSpecials), other.find_first_of(kSpecials));
  if (one.substr(0, head) != other.substr(0, head))
    return false;
  const auto tail = [](std::string_view text) {
    return text.size() - 1 - text.find_last_of(kSpecials);
  };
  const std::size_t end = std::min(tail(one), tail(other));
  return one.substr(one.size() - end) == other.substr(other.size() - end);
}

}  // namespace

// Row by row: whether the first i parts of one and the first j of the other can say the same.
bool may_meet(std::string_view one, std::string_view other) {
  const std::vector<std::string_view> rows = components_of(one);
  const std::vector<std::string_view> columns = components_of(other);
  std::vector<bool> above(columns.size() + 1);
  above[0] = true;
  for (std::size_t j = 0; j < columns.size(); ++j)
    above[j + 1] = above[j] && columns[j] == kDeep;
  for (const std::string_view row : rows) {
    std::vector<bool> here(columns.size() + 1);
    here[0] = above[0] && row == kDeep;
    for (std::size_t j = 0; j < columns.size(); ++j) {
      // A `**` stands for nothing, or for one more component of the other.
      if (row == kDeep || columns[j] == kDeep)
        here[j + 1] = above[j + 1] || here[j] || above[j];
      else
        here[j + 1] = above[j] && parts_meet(row, columns[j]);
    }
    above = std::move(here);
  }
  return above.back();
}

}  // namespace fleet::worktree
