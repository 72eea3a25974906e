// libgit2 for this room only: ownership, errors, and the handle behind Repository.
#pragma once

#include <git2.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/worktree/oid.h"
#include "engine/worktree/repository.h"

namespace fleet::worktree {

template <auto Free>
struct GitFree {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
template <class T, auto Free>
using GitPtr = std::unique_ptr<T, GitFree<Free>>;

using RepositoryPtr = GitPtr<git_repository, git_repository_free>;
using OdbPtr = GitPtr<git_odb, git_odb_free>;
using OdbObjectPtr = GitPtr<git_odb_object, git_odb_object_free>;
using ReferencePtr = GitPtr<git_reference, git_reference_free>;
using ObjectPtr = GitPtr<git_object, git_object_free>;
using CommitPtr = GitPtr<git_commit, git_commit_free>;
using TreePtr = GitPtr<git_tree, git_tree_free>;
using BlobPtr = GitPtr<git_blob, git_blob_free>;
using IndexPtr = GitPtr<git_index, git_index_free>;
using SignaturePtr = GitPtr<git_signature, git_signature_free>;

// libgit2's last error of this thread as ours: "what: libgit2's words". Call it right after the
// call that failed: a later call on this thread overwrites it.
Error from_git(std::string_view what, int code);

// Sets the process-wide options (durable writes) once; thread-safe.
void start_libgit2();

inline git_oid to_git(const Oid& oid) {
  git_oid out;
  std::memcpy(out.id, oid.bytes.data(), oid.bytes.size());
  return out;
}
inline Oid from_git_oid(const git_oid& oid) {
  Oid out;
  std::memcpy(out.bytes.data(), oid.id, out.bytes.size());
  return out;
}

struct Repository::Handle {
  RepositoryPtr repo;
  OdbPtr odb;
  std::string common_dir;
  std::string work_dir;
  bool bare = false;

  git_repository* get() const { return repo.get(); }
  std::string objects_dir() const { return common_dir + "/objects"; }
};

// The object database of `objects_dir` alone, for a thread of its own.
Result<OdbPtr> open_odb(const std::string& objects_dir);

Result<CommitPtr> find_commit(Repository::Handle& git, const Oid& commit);
Result<Oid> tree_of(Repository::Handle& git, const Oid& commit);

}  // namespace fleet::worktree
