// New objects for the common store: held back until everything is known to be good, then written
// and synced at once, as loose objects if they are few and as one pack if they are many.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/worktree/libgit.h"

namespace fleet::worktree {

class ObjectWriter {
 public:
  // REQUIRES: `git` outlives this.
  explicit ObjectWriter(Repository::Handle& git) : git_(git) {}

  // The name of the object. What the store has already is not kept; beyond kSpill held bytes what
  // is held is written early.
  Result<Oid> add(git_object_t type, std::string bytes);

  // On disk and synced when it returns.
  Status flush();

 private:
  struct Held {
    git_object_t type;
    std::string bytes;
  };
  Status write_one(const Oid& oid, git_object_t type, const std::string& bytes);
  Status write_loose();
  Status write_pack();

  Repository::Handle& git_;
  std::map<Oid, Held> held_;
  std::uint64_t held_bytes_ = 0;
};

struct CommitText {
  Oid tree;
  std::vector<Oid> parents;
  std::string author_name;
  std::string author_email;
  std::int64_t time = 0;  // seconds since 1970, UTC
  std::string message;
  // Of a commit that is made anew: its author, as git writes it, where the names above are only the
  // committer's; and the encoding of its message, if it is not UTF-8.
  std::string author = {};
  std::string encoding = {};
};
// The bytes of a commit object; what would break its format is taken out of names and message.
std::string encode_commit(const CommitText& commit);

}  // namespace fleet::worktree
