// Merges between commits, in memory: no worktree, no index, no ref is touched. The caller moves a
// ref to the result (refs.h).
//
// History for a person: one merge commit whose parents are the tip and every source that brought
// something, so that a gathering of ten tasks is one line of `git log --first-parent` and each
// task's commit is still reachable, blamed and bisected. More than kMaxParents sources make a chain
// of such commits, for the sake of tools that draw graphs. Never a fast-forward: the message is
// kept. Or, for those who want a straight line, the same tree as one commit (a squash), or as each
// source's commits made anew on top (a rebase).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/result.h"
#include "engine/worktree/repository.h"

namespace fleet::worktree {

inline constexpr std::size_t kMaxParents = 16;

struct MergeSource {
  Oid commit;
  std::string name;  // for conflicts and conflict texts: a task or a branch
};

enum class MergeStyle : std::uint8_t { kMerge, kSquash, kRebase };

struct MergeRequest {
  Oid into;
  std::string into_name;
  std::vector<MergeSource> sources;  // folded in this order
  std::string author_name;
  std::string author_email;
  std::string message;    // of a rebase the trailers, which each commit gets in addition
  std::int64_t time = 0;  // seconds since 1970, UTC: the same request gives the same commit
  MergeStyle style = MergeStyle::kMerge;
  // Lines of `message` that no other request has: what this one made is known by them, its author
  // and its time. Empty: it is not looked for.
  std::string mark = {};
};

struct Merged {
  Oid commit;
  DiffStat stat;  // against `into`
};
// All of it is in `into` already. If `into` is what this very request made, that is Merged again.
struct AlreadyMerged {};

struct MergeConflict {
  std::string path;
  std::string
      ours;  // the name of the earlier side: an earlier source that touched it, or into_name
  std::string theirs;  // the name of the source that does not fit
};
struct MergeConflicts {
  std::vector<MergeConflict> conflicts;  // of the first source that conflicts, by path
  // Of a rebase whose commits cannot be made anew, though all of them merged at once would fit.
  std::string why = {};
};
using MergeOutcome = std::variant<Merged, AlreadyMerged, MergeConflicts>;

// Objects are synced when this returns. kConflict is never an error of this call: conflicts are
// values.
Result<MergeOutcome> merge(Repository& repository, const MergeRequest& request);

// Who wrote what the sources have beyond `into`, "Ann <ann@host>", in byte order, each once; the
// request's author, who merges, is none of them.
Result<std::vector<std::string>> authors_of(Repository& repository, const MergeRequest& request);

}  // namespace fleet::worktree
