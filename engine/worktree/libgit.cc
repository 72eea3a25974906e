#include "engine/worktree/libgit.h"

#include <mutex>

namespace fleet::worktree {
namespace {

Errc errc_of_git(int code, const git_error* last) {
  switch (code) {
    case GIT_ENOTFOUND: return Errc::kNotFound;
    case GIT_EEXISTS: return Errc::kExists;
    case GIT_ELOCKED: return Errc::kBusy;
    case GIT_EOWNER: return Errc::kUnsupported;
    case GIT_EINVALIDSPEC: return Errc::kInvalid;
    case GIT_EMODIFIED: return Errc::kConflict;
    case GIT_ECONFLICT: return Errc::kConflict;
    default: break;
  }
  if (last == nullptr)
    return Errc::kIo;
  const std::string_view text = last->message == nullptr ? "" : last->message;
  if (text.find("No space left") != std::string_view::npos)
    return Errc::kNoSpace;
  if (text.find("Read-only file system") != std::string_view::npos)
    return Errc::kReadOnly;
  switch (last->klass) {
    case GIT_ERROR_ODB:
    case GIT_ERROR_ZLIB:
    case GIT_ERROR_OBJECT: return Errc::kCorrupt;
    default: return Errc::kIo;
  }
}

}  // namespace

Error from_git(std::string_view what, int code) {
  const git_error* last = git_error_last();
  const std::string words = last != nullptr && last->message != nullptr
                                ? last->message
                                : "git error " + std::to_string(code);
  return {errc_of_git(code, last), std::string(what) + ": " + words};
}

void start_libgit2() {
  static std::once_flag once;
  std::call_once(once, [] {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    // Sessions can't write the common store, but a disk can rot: what is read is hashed again.
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
  });
}

Result<OdbPtr> open_odb(const std::string& objects_dir) {
  start_libgit2();
  git_odb* odb = nullptr;
  if (const int code = git_odb_open(&odb, objects_dir.c_str()); code < 0) {
    return from_git("open the object store " + objects_dir, code);
  }
  return OdbPtr(odb);
}

Result<CommitPtr> find_commit(Repository::Handle& git, const Oid& commit) {
  const git_oid id = to_git(commit);
  git_commit* found = nullptr;
  if (const int code = git_commit_lookup(&found, git.get(), &id); code < 0) {
    return from_git("read commit " + commit.hex(), code);
  }
  return CommitPtr(found);
}

Result<Oid> tree_of(Repository::Handle& git, const Oid& commit) {
  FLEET_TRY(const auto found, find_commit(git, commit));
  return from_git_oid(*git_commit_tree_id(found.get()));
}

}  // namespace fleet::worktree
