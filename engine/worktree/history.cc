#include "engine/worktree/history.h"

#include "engine/worktree/libgit.h"

namespace fleet::worktree {
namespace {

using RevwalkPtr = GitPtr<git_revwalk, git_revwalk_free>;

}  // namespace

Result<History> commits_between(Repository& repository, const Oid& before, const Oid& after,
                                std::size_t limit) {
  for (const Oid& oid : {before, after}) {
    FLEET_TRY(const bool known, repository.commit_exists(oid));
    if (!known)
      return Error(Errc::kNotFound, "the commit " + oid.hex() + " is gone");
  }
  git_repository* const repo = repository.handle().repo.get();
  git_revwalk* raw = nullptr;
  if (const int code = git_revwalk_new(&raw, repo); code != 0)
    return from_git("walk the history", code);
  const RevwalkPtr walk(raw);
  git_revwalk_sorting(walk.get(), GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
  const git_oid from = to_git(after);
  const git_oid until = to_git(before);
  if (const int code = git_revwalk_push(walk.get(), &from); code != 0)
    return from_git("walk the history", code);
  if (const int code = git_revwalk_hide(walk.get(), &until); code != 0)
    return from_git("walk the history", code);
  History history;
  git_oid oid{};
  while (git_revwalk_next(&oid, walk.get()) == 0) {
    if (history.commits.size() == limit) {
      history.more = true;
      break;
    }
    git_commit* commit = nullptr;
    if (const int code = git_commit_lookup(&commit, repo, &oid); code != 0)
      return from_git("look up a commit", code);
    const CommitPtr owned(commit);
    const char* const subject = git_commit_summary(commit);
    history.commits.push_back({from_git_oid(oid), subject == nullptr ? "" : subject});
  }
  return history;
}

}  // namespace fleet::worktree
