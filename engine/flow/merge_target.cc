#include "engine/flow/merge_target.h"

#include <fmt/format.h>

namespace fleet::flow {
namespace {

using worktree::BranchOwner;
using worktree::BranchState;

std::string in_the_way(const std::string& branch, const BranchState& state) {
  if (!state.conflict.empty())
    return fmt::format("the branch `{}` cannot exist beside `{}`; rename one of them", branch,
                       state.conflict);
  if (state.owner == BranchOwner::kForeign)
    return fmt::format(
        "the branch `{}` exists and is not fleetc's (or was moved by somebody else); it is left "
        "alone: rename or delete it, and try again",
        branch);
  if (!state.checked_out_at.empty())
    return fmt::format(
        "the branch `{}` is checked out at {} and is not moved under its user; switch that "
        "worktree to another branch",
        branch, state.checked_out_at);
  return {};
}

// Beside a base that is checked out: onto what was merged there before and not taken yet.
Result<FoundTarget> beside(worktree::Repository& repository, const std::string& base,
                           const worktree::Oid& at, const std::string& where) {
  const std::string branch = merged_branch(base);
  FLEET_TRY(const BranchState state, worktree::inspect_branch(repository, branch));
  FoundTarget found{{branch, state.commit, at, false, std::nullopt, std::nullopt,
                     fmt::format("`{}` is checked out at {} and is not moved under its user; take "
                                 "it there with `git merge --ff-only {}`",
                                 base, where, branch)},
                    in_the_way(branch, state)};
  if (!state.commit || !found.refused.empty())
    return found;
  FLEET_TRY(const bool taken, repository.is_ancestor(*state.commit, at));
  if (taken)
    return found;
  FLEET_TRY(const bool ahead, repository.is_ancestor(at, *state.commit));
  if (ahead) {
    found.target.onto = *state.commit;
    found.target.behind = at;
  } else {
    found.target.waiting = *state.commit;
  }
  return found;
}

}  // namespace

std::string merged_branch(const std::string& base) {
  return "fleet/merged/" + base;
}

Result<FoundTarget> fleet_target(worktree::Repository& repository, const std::string& branch,
                                 const worktree::Oid& start) {
  FLEET_TRY(const BranchState state, worktree::inspect_branch(repository, branch));
  return FoundTarget{
      {branch, state.commit, state.commit.value_or(start), false, std::nullopt, std::nullopt, {}},
      in_the_way(branch, state)};
}

Result<FoundTarget> base_target(worktree::Repository& repository, const std::string& base) {
  FLEET_TRY(const auto at, worktree::read_ref(repository, worktree::branch_ref(base)));
  if (!at)
    return FoundTarget{{}, fmt::format("there is no local branch `{}` to merge into", base)};
  FLEET_TRY(const auto where, worktree::checked_out_at(repository, base));
  if (where)
    return beside(repository, base, *at, *where);
  return FoundTarget{{base, at, *at, true, std::nullopt, std::nullopt, {}}, {}};
}

}  // namespace fleet::flow
