// Refs of the user's repository: moved by compare-and-swap, never forced, never under a checkout.
// A branch of the fleet's is one with a twin at refs/fleet/branch/<name>, moved in the same
// transaction; every other existing branch is foreign and never moved by `publish`.
//
// Durable: when a call returns, the ref is on disk (objects are synced before: capture.h, merge.h).
// A lock held by another git process is waited for about one second, then kBusy names the lock
// file. Locks that a killed fleetc left are recognised by its intent file and removed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/worktree/repository.h"

namespace fleet::worktree {

// refs/fleet/attempt/<run>/<task>/<epoch> and refs/fleet/salvage/<run>/<what>; the parts are
// slugged, slashes included.
std::string attempt_ref(std::string_view run, std::string_view task, std::uint32_t epoch);
std::string salvage_ref(std::string_view run, std::string_view what);
// refs/heads/<branch>
std::string branch_ref(std::string_view branch);

struct RefMove {
  std::string name;             // full: refs/…
  std::optional<Oid> expected;  // nullopt: must not exist
  std::optional<Oid> target;    // nullopt: delete
};

// All or none, as far as git's loose refs allow: every ref is locked and checked before the first
// one changes. A ref that already has its target is fine whatever was expected, so that a repeat
// after a crash succeeds. kConflict if one has neither (names it, what it has and what was
// expected); kExists for a name that another ref makes impossible (`a` and `a/b`), with both names;
// kReadOnly for a branch that is checked out in a worktree, with where. `reason` goes to the
// reflog.
Status move_refs(Repository& repository, const std::vector<RefMove>& moves,
                 std::string_view reason);

Result<std::optional<Oid>> read_ref(Repository& repository, const std::string& name);
// Names below `prefix` ("refs/fleet/attempt/RUN"), in byte order.
struct NamedRef {
  std::string name;
  Oid target;
};
Result<std::vector<NamedRef>> list_refs(Repository& repository, std::string_view prefix);

enum class BranchOwner : std::uint8_t { kNone, kFleet, kForeign };

struct BranchState {
  BranchOwner owner = BranchOwner::kNone;
  std::optional<Oid> commit;
  std::string conflict;        // another branch that makes this one impossible (prefix), else empty
  std::string checked_out_at;  // the worktree that has it checked out, else empty
};
// What stands in the way of a branch, before any work is spent on it.
Result<BranchState> inspect_branch(Repository& repository, const std::string& branch);

// Creates or moves a branch of the fleet's together with its twin. kExists for a foreign branch or
// a prefix conflict, otherwise as move_refs. `expected` nullopt: the branch must not exist.
Status publish(Repository& repository, const std::string& branch,
               const std::optional<Oid>& expected, const Oid& commit, std::string_view reason);

// The path of the worktree in which `branch` is checked out (a rebase or bisect of it under way
// counts), else nullopt.
Result<std::optional<std::string>> checked_out_at(Repository& repository,
                                                  const std::string& branch);

}  // namespace fleet::worktree
