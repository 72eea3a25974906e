#include "engine/worktree/taken.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "engine/worktree/replay.h"

namespace fleet::worktree {
namespace {

constexpr std::string_view kSource = "Fleet-Source: ";

// Only the last lines: those before may be anybody's words.
std::vector<Oid> named_in(std::string_view message) {
  std::vector<Oid> named;
  while (!message.empty()) {
    while (!message.empty() && message.back() == '\n')
      message.remove_suffix(1);
    const std::size_t begin = message.rfind('\n') + 1;
    const std::string_view line = message.substr(begin);
    if (!line.starts_with(kSource))
      break;
    const auto oid = Oid::parse(line.substr(kSource.size()));
    if (!oid)
      break;
    named.push_back(*oid);
    message = message.substr(0, begin);
  }
  return named;
}

}  // namespace

std::string source_line(const Oid& source) {
  return std::string(kSource) + source.hex();
}

Result<bool> is_built_on(Repository::Handle& git, const Oid& commit, const Oid& ancestor) {
  if (commit == ancestor)
    return true;
  const git_oid later = to_git(commit), earlier = to_git(ancestor);
  // One that is not there is nobody's.
  const int code = git_graph_descendant_of(git.get(), &later, &earlier);
  if (code == GIT_ENOTFOUND)
    return false;
  if (code < 0)
    return from_git("look for an ancestor", code);
  return code == 1;
}

Result<std::vector<Oid>> taken_anew(Repository::Handle& git, const Oid& into,
                                    const std::vector<Oid>& sources, const std::string& by) {
  FLEET_TRY(const auto since, commits_between(git, sources, into));
  const std::set<Oid> own(since.begin(), since.end());
  std::vector<Oid> taken;
  for (Oid at = into; own.contains(at);) {
    FLEET_TRY(const CommitPtr commit, find_commit(git, at));
    if (git_commit_committer(commit.get())->email == by) {
      for (const Oid& one : named_in(git_commit_message_raw(commit.get()))) {
        bool wanted = false;
        for (const Oid& source : sources) {
          FLEET_TRY(const bool built, is_built_on(git, source, one));
          wanted = wanted || built;
        }
        if (wanted)
          taken.push_back(one);
      }
    }
    if (git_commit_parentcount(commit.get()) == 0)
      break;
    at = from_git_oid(*git_commit_parent_id(commit.get(), 0));
  }
  return taken;
}

}  // namespace fleet::worktree
