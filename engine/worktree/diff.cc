// What lies between two commits: the part of Repository that compares.
#include "engine/worktree/libgit.h"
#include "engine/worktree/repository.h"
#include "engine/worktree/trees.h"

namespace fleet::worktree {
namespace {

Result<std::vector<TreeChange>> diff_commits(Repository::Handle& git, const Oid& before,
                                             const Oid& after) {
  FLEET_TRY(const Oid old_tree, tree_of(git, before));
  FLEET_TRY(const Oid new_tree, tree_of(git, after));
  return diff_trees(git.odb.get(), old_tree, new_tree);
}

Result<TreePtr> find_tree(Repository::Handle& git, const Oid& commit) {
  FLEET_TRY(const Oid tree, tree_of(git, commit));
  const git_oid id = to_git(tree);
  git_tree* raw = nullptr;
  if (const int code = git_tree_lookup(&raw, git.get(), &id); code < 0) {
    return from_git("read tree " + tree.hex(), code);
  }
  return TreePtr(raw);
}

}  // namespace

Result<DiffStat> Repository::diff_stat(const Oid& before, const Oid& after) {
  FLEET_TRY(const auto changes, diff_commits(*handle_, before, after));
  return count_lines(handle_->odb.get(), changes);
}

Result<std::vector<Change>> Repository::changes(const Oid& before, const Oid& after) {
  FLEET_TRY(const auto found, diff_commits(*handle_, before, after));
  std::vector<Change> changes;
  for (const TreeChange& change : found)
    changes.push_back(to_change(change));
  return changes;
}

Result<std::string> Repository::diff_text(const Oid& before, const Oid& after) {
  FLEET_TRY(const TreePtr old_tree, find_tree(*handle_, before));
  FLEET_TRY(const TreePtr new_tree, find_tree(*handle_, after));
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags |= GIT_DIFF_SHOW_BINARY;
  git_diff* raw = nullptr;
  if (const int code =
          git_diff_tree_to_tree(&raw, handle_->get(), old_tree.get(), new_tree.get(), &options);
      code < 0) {
    return from_git("compare two commits", code);
  }
  const GitPtr<git_diff, git_diff_free> diff(raw);
  git_buf buffer = GIT_BUF_INIT;
  if (const int code = git_diff_to_buf(&buffer, diff.get(), GIT_DIFF_FORMAT_PATCH); code < 0) {
    return from_git("print a diff", code);
  }
  std::string text(buffer.ptr, buffer.size);
  git_buf_dispose(&buffer);
  return text;
}

}  // namespace fleet::worktree
