// The user's repository, read: what it is, whether a fleet can work in it, what a commit holds.
// Knows nothing of runs, plans, processes or the journal. Never reads or writes the user's index or
// files.
//
// Threads: a Repository is used by one thread at a time; each git thread opens its own (open is
// cheap: under a millisecond). All calls block. Errors carry text for people; paths in them are as
// the user wrote them or absolute.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/worktree/oid.h"

namespace fleet::worktree {

struct DiffStat {
  std::uint32_t files = 0;
  std::uint64_t insertions = 0;  // lines; binary files count none
  std::uint64_t deletions = 0;
};

struct Change {
  enum class Kind : std::uint8_t { kAdded, kModified, kDeleted };
  std::string path;
  Kind kind = Kind::kModified;
};

class Repository {
 public:
  // Finds the repository that holds `path` (a directory), searching upwards: for the user's own
  // folder only, never for a session's tree. Errors as find_repository.h says, and kUnsupported
  // with what to do for a repository that libgit2 can't open (extensions, SHA-256, another owner).
  static Result<Repository> discover(const std::string& path);
  // Opens exactly `common_dir`, as given by common_dir() of another handle.
  static Result<Repository> open(const std::string& common_dir);

  Repository(Repository&&) noexcept;
  Repository& operator=(Repository&&) noexcept;
  ~Repository();

  // Absolute, without a trailing slash.
  const std::string& common_dir() const;
  // Of the worktree that discover found; empty for a bare repository and after open.
  const std::string& work_dir() const;
  bool is_bare() const;

  // The state that a fleet can't work with, first problem found: shallow or partial clone, sparse
  // checkout, submodules or external filters in the tree of `base`, a git directory that can't be
  // written. Says what, why, and what to do. A dirty working tree is fine; a bare repository too.
  Status inspect(const Oid& base);

  // The commit of a local branch, or of refs/remotes/… or a full ref name. kNotFound names the
  // nearest existing branch; an unborn branch says how to make the first commit.
  Result<Oid> resolve_base(std::string_view branch);
  // The branch that HEAD names, `main` style; kNotFound if detached.
  Result<std::string> head_branch();

  Result<bool> commit_exists(const Oid& commit);
  // Whether `ancestor` is reachable from `commit`; every commit is its own ancestor.
  Result<bool> is_ancestor(const Oid& ancestor, const Oid& commit);
  // The commit in which the two histories meet, the best of several as git ranks them; nullopt when
  // they have nothing in common.
  Result<std::optional<Oid>> merge_base(const Oid& one, const Oid& other);

  // Files and symlinks of the commit whose path the glob matches, in byte order.
  Result<std::vector<std::string>> list_files(const Oid& commit, std::string_view glob);
  // Contents of a file; a symlink gives its target. kNotFound if there is none, kInvalid for a
  // directory.
  Result<std::string> read_file(const Oid& commit, std::string_view path);

  // From commit `before` to commit `after`, no rename detection: a moved file is deleted and added.
  Result<DiffStat> diff_stat(const Oid& before, const Oid& after);
  Result<std::vector<Change>> changes(const Oid& before, const Oid& after);
  // The same as a patch that `git apply` takes, as `git diff --binary` would show it.
  Result<std::string> diff_text(const Oid& before, const Oid& after);

  struct Handle;  // libgit2's side, for this room only
  Handle& handle() { return *handle_; }

 private:
  explicit Repository(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace fleet::worktree
