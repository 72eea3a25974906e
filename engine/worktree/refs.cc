#include "engine/worktree/refs.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "engine/os/crash_point.h"
#include "engine/worktree/libgit.h"
#include "engine/worktree/ref_intent.h"
#include "engine/worktree/slug.h"

namespace fleet::worktree {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLockWait{1000};
constexpr milliseconds kLockPoll{20};
constexpr std::string_view kHeads = "refs/heads/";
constexpr std::string_view kTwins = "refs/fleet/branch/";
const std::string kReplaced = "refs/fleet/replaced/";

using TransactionPtr = GitPtr<git_transaction, git_transaction_free>;

std::string one_component(std::string_view text) {
  std::string out;
  for (const char byte : slug(text)) {
    if (byte == '/') {
      out += "%2F";
    } else {
      out += byte;
    }
  }
  return out;
}

std::string show(const std::optional<Oid>& oid) {
  return oid ? "commit " + oid->hex().substr(0, 12) : "nothing";
}

// A branch by its short name, everything else in full.
std::string show_ref(std::string_view name) {
  if (name.starts_with(kHeads))
    return "branch `" + std::string(name.substr(kHeads.size())) + "`";
  return "ref `" + std::string(name) + "`";
}

// An existing ref that can't exist beside `name`, else empty.
Result<std::string> conflicting_ref(Repository& repository, const std::string& name) {
  for (std::size_t slash = name.find('/', name.find('/', 5) + 1); slash != std::string::npos;
       slash = name.find('/', slash + 1)) {
    const std::string outer = name.substr(0, slash);
    FLEET_TRY(const auto taken, read_ref(repository, outer));
    if (taken)
      return outer;
  }
  FLEET_TRY(const auto beneath, list_refs(repository, name));
  if (!beneath.empty())
    return beneath.front().name;
  return std::string();
}

Status check_names(Repository& repository, const std::vector<RefMove>& moves) {
  std::vector<std::string> names;
  for (const RefMove& move : moves) {
    int valid = 0;
    if (git_reference_name_is_valid(&valid, move.name.c_str()) != 0 || valid == 0 ||
        !move.name.starts_with("refs/")) {
      return Error(Errc::kInvalid, "`" + move.name + "` is no valid name of a ref");
    }
    names.push_back(move.name);
  }
  if (const auto pair = find_branch_conflict(names)) {
    return Error(Errc::kExists, show_ref(pair->first) + " and " + show_ref(pair->second) +
                                    " can't exist together");
  }
  for (const RefMove& move : moves) {
    if (!move.target)
      continue;
    FLEET_TRY(const auto current, read_ref(repository, move.name));
    if (current)
      continue;
    FLEET_TRY(const std::string other, conflicting_ref(repository, move.name));
    if (other.empty())
      continue;
    return Error(Errc::kExists, show_ref(move.name) + " can't be made beside " + show_ref(other) +
                                    ", since git keeps refs as files and directories");
  }
  return {};
}

Status check_checkouts(Repository& repository, const std::vector<RefMove>& moves) {
  for (const RefMove& move : moves) {
    if (!move.name.starts_with(kHeads))
      continue;
    const std::string branch = move.name.substr(kHeads.size());
    FLEET_TRY(const auto where, checked_out_at(repository, branch));
    if (!where)
      continue;
    FLEET_TRY(const auto current, read_ref(repository, move.name));
    if (current == move.target)
      continue;
    return Error(Errc::kReadOnly, "branch `" + branch + "` is checked out in " + *where +
                                      " and is not moved under its user");
  }
  return {};
}

// Locks every ref, waiting about a second for other git processes.
Result<TransactionPtr> lock_all(Repository& repository, const RefIntent& intent,
                                const std::vector<RefMove>& moves) {
  const auto deadline = std::chrono::steady_clock::now() + kLockWait;
  for (;;) {
    git_transaction* raw = nullptr;
    if (const int code = git_transaction_new(&raw, repository.handle().get()); code < 0) {
      return from_git("start to move refs", code);
    }
    TransactionPtr transaction(raw);
    const RefMove* failed = nullptr;
    int code = 0;
    for (const RefMove& move : moves) {
      code = git_transaction_lock_ref(raw, move.name.c_str());
      if (code < 0) {
        failed = &move;
        break;
      }
    }
    if (failed == nullptr)
      return transaction;
    Error error = from_git("lock " + failed->name, code);
    if (code != GIT_ELOCKED) {
      // The call may have made the file and failed then.
      transaction.reset();
      FLEET_CHECK(
          intent.remove_own_locks({moves.begin(), moves.begin() + (failed - &moves[0]) + 1}));
      return error;
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return Error(Errc::kBusy, show_ref(failed->name) +
                                    " has been locked by another git process "
                                    "for a second; if none runs, remove " +
                                    repository.common_dir() + "/" + failed->name + ".lock");
    }
    transaction.reset();
    std::this_thread::sleep_for(kLockPoll);
  }
}

// Gives the moves that are still to be made.
Result<std::vector<RefMove>> check_expected(Repository& repository,
                                            const std::vector<RefMove>& moves) {
  std::vector<RefMove> open;
  for (const RefMove& move : moves) {
    FLEET_TRY(const auto current, read_ref(repository, move.name));
    if (current == move.target)
      continue;
    if (current != move.expected) {
      return Error(Errc::kConflict, show_ref(move.name) + " was moved by someone else: it has " +
                                        show(current) + " where " + show(move.expected) +
                                        " was expected");
    }
    open.push_back(move);
  }
  return open;
}

Status apply(git_transaction* transaction, const std::vector<RefMove>& moves,
             std::string_view reason) {
  git_signature* raw = nullptr;
  if (const int code = git_signature_now(&raw, "fleetc", "fleetc@localhost"); code < 0) {
    return from_git("sign a reflog entry", code);
  }
  const SignaturePtr who(raw);
  const std::string why(reason);
  for (const RefMove& move : moves) {
    int code = 0;
    if (move.target) {
      const git_oid id = to_git(*move.target);
      code =
          git_transaction_set_target(transaction, move.name.c_str(), &id, who.get(), why.c_str());
    } else {
      code = git_transaction_remove(transaction, move.name.c_str());
    }
    if (code < 0)
      return from_git("move " + move.name, code);
  }
  if (const int code = git_transaction_commit(transaction); code < 0) {
    return from_git("move refs", code);
  }
  return {};
}

// `recorded`: the intent names these moves already, among others, as checked. `begun` becomes true
// when some of them may have been made.
Status try_to_move(Repository& repository, const RefIntent& intent,
                   const std::vector<RefMove>& moves, std::string_view reason, bool& begun,
                   bool recorded) {
  FLEET_CHECK(check_names(repository, moves));
  FLEET_CHECK(check_checkouts(repository, moves));
  if (!recorded)
    FLEET_CHECK(intent.record(moves, false));
  os::crash_point("refs.intent.after");
  std::vector<RefIntent::LockFile> held;
  const auto move = [&]() -> Status {
    FLEET_TRY(const TransactionPtr transaction, lock_all(repository, intent, moves));
    held = intent.lock_files(moves);
    FLEET_TRY(const auto open, check_expected(repository, moves));
    os::crash_point("refs.locked.after");
    if (!recorded)
      FLEET_CHECK(intent.record(moves, true));
    os::crash_point("refs.move.before");
    begun = true;
    FLEET_CHECK(apply(transaction.get(), open, reason));
    os::crash_point("refs.move.after");
    return {};
  };
  Status moved = move();
  // libgit2 says nothing when it cannot remove one, and everybody would wait for it.
  FLEET_CHECK(intent.remove_own_locks(moves, &held));
  return moved;
}

struct Moved {
  Status status;
  bool begun = false;       // some of the refs may have moved
  bool holds_left = false;  // a file that held a directory would not go
};

// The same, again where the user's gc may have taken a directory that was empty for a moment. A
// move whose names are in order and that still fails then, fails for another reason.
Moved move_locked(Repository& repository, const RefIntent& intent,
                  const std::vector<RefMove>& moves, std::string_view reason,
                  bool recorded = false) {
  Moved moved;
  moved.status = try_to_move(repository, intent, moves, reason, moved.begun, recorded);
  if (moved.status || (moved.status.error().code() != Errc::kIo &&
                       moved.status.error().code() != Errc::kNotFound))
    return moved;
  auto holds = intent.hold_directories(moves);
  if (!holds)
    return moved;
  moved.status =
      try_to_move(repository, intent, moves, reason, moved.begun, recorded || moved.begun);
  for (HeldDirectory& hold : *holds)
    moved.holds_left |= !hold.release();
  return moved;
}

// Whether a move that failed is worth another try: not if someone has moved the ref since, whose
// word stands, nor if what it shall name is gone.
bool may_pass(Repository& repository, const RefMove& move, const Error& error) {
  if (error.code() == Errc::kBusy || error.code() == Errc::kNoSpace)
    return true;
  if (error.code() != Errc::kIo || !move.target)
    return error.code() == Errc::kIo;
  const auto exists = repository.commit_exists(*move.target);
  return !exists || *exists;
}

// Makes the moves, on record until all of them are made or none is.
Status move_recorded(Repository& repository, const RefIntent& intent,
                     const std::vector<RefMove>& moves, std::string_view reason) {
  Moved moved = move_locked(repository, intent, moves, reason);
  // What stopped between two refs is finished by the next holder, who takes away what is left, too.
  if ((moved.status || !moved.begun) && !moved.holds_left)
    FLEET_CHECK(intent.clear());
  return std::move(moved.status);
}

// Ends what a killed fleetc began, then holds the lock for the caller.
Result<RefIntent> take_intent(Repository& repository) {
  FLEET_TRY(RefIntent intent, RefIntent::take(repository.common_dir()));
  FLEET_TRY(const auto left, intent.left());
  if (left.moves.empty())
    return intent;
  FLEET_CHECK(intent.remove_stale_locks(left.moves));
  bool holds_left = false;
  if (left.checked) {
    for (const RefMove& move : left.moves) {
      const Moved done = move_locked(repository, intent, {move}, "finish an interrupted move", true);
      if (!done.status && may_pass(repository, move, done.status.error()))
        return done.status.error();
      holds_left |= done.holds_left;
    }
  }
  if (holds_left)
    FLEET_CHECK(intent.remove_stale_locks(left.moves));
  FLEET_CHECK(intent.clear());
  return intent;
}

}  // namespace

std::string attempt_ref(std::string_view run, std::string_view task, std::uint32_t epoch) {
  return "refs/fleet/attempt/" + one_component(run) + "/" + one_component(task) + "/" +
         std::to_string(epoch);
}

std::string salvage_ref(std::string_view run, std::string_view what) {
  return "refs/fleet/salvage/" + one_component(run) + "/" + one_component(what);
}

std::string branch_ref(std::string_view branch) {
  return std::string(kHeads) + std::string(branch);
}

Status move_refs(Repository& repository, const std::vector<RefMove>& moves,
                 std::string_view reason) {
  FLEET_TRY(const RefIntent intent, take_intent(repository));
  return move_recorded(repository, intent, moves, reason);
}

Result<std::optional<Oid>> read_ref(Repository& repository, const std::string& name) {
  git_reference* raw = nullptr;
  const int code = git_reference_lookup(&raw, repository.handle().get(), name.c_str());
  if (code == GIT_ENOTFOUND)
    return std::optional<Oid>();
  if (code < 0)
    return from_git("read " + name, code);
  const ReferencePtr ref(raw);
  if (const git_oid* target = git_reference_target(raw))
    return std::optional(from_git_oid(*target));
  return Error(Errc::kUnsupported, show_ref(name) + " is symbolic: it stands for " +
                                       git_reference_symbolic_target(raw));
}

Result<std::vector<NamedRef>> list_refs(Repository& repository, std::string_view prefix) {
  while (prefix.ends_with('/'))
    prefix.remove_suffix(1);
  git_reference_iterator* raw = nullptr;
  const std::string glob = std::string(prefix) + "/*";
  if (const int code =
          git_reference_iterator_glob_new(&raw, repository.handle().get(), glob.c_str());
      code < 0) {
    return from_git("list refs below " + std::string(prefix), code);
  }
  const GitPtr<git_reference_iterator, git_reference_iterator_free> iterator(raw);
  std::vector<NamedRef> refs;
  git_reference* ref = nullptr;
  int code = 0;
  while ((code = git_reference_next(&ref, iterator.get())) == 0) {
    const ReferencePtr owned(ref);
    const git_oid* target = git_reference_target(ref);
    if (target != nullptr)
      refs.push_back({git_reference_name(ref), from_git_oid(*target)});
  }
  if (code != GIT_ITEROVER)
    return from_git("list refs below " + std::string(prefix), code);
  std::sort(refs.begin(), refs.end(),
            [](const NamedRef& a, const NamedRef& b) { return a.name < b.name; });
  return refs;
}

Result<BranchState> inspect_branch(Repository& repository, const std::string& branch) {
  { FLEET_TRY(const RefIntent intent, take_intent(repository)); }
  BranchState state;
  FLEET_TRY(state.commit, read_ref(repository, branch_ref(branch)));
  FLEET_TRY(const auto twin, read_ref(repository, std::string(kTwins) + branch));
  if (state.commit) {
    // A person's commit on top of the fleet's makes the branch that person's.
    state.owner = twin == state.commit ? BranchOwner::kFleet : BranchOwner::kForeign;
    FLEET_TRY(auto where, checked_out_at(repository, branch));
    state.checked_out_at = std::move(where).value_or("");
  } else {
    FLEET_TRY(const std::string other, conflicting_ref(repository, branch_ref(branch)));
    if (!other.empty())
      state.conflict = other.substr(kHeads.size());
  }
  return state;
}

Status publish(Repository& repository, const std::string& branch,
               const std::optional<Oid>& expected, const Oid& commit, std::string_view reason) {
  if (!is_valid_branch(branch)) {
    return Error(Errc::kInvalid, "`" + branch + "` is no valid name of a branch");
  }
  const std::string twin = std::string(kTwins) + branch;
  FLEET_TRY(const RefIntent intent, take_intent(repository));
  FLEET_TRY(const auto current, read_ref(repository, branch_ref(branch)));
  FLEET_TRY(const auto recorded, read_ref(repository, twin));
  if (current && current != recorded && current != commit) {
    return Error(Errc::kExists, "branch `" + branch + "` exists and is not the fleet's (it has " +
                                    show(current) +
                                    "): rename it, or choose another name in `writes`");
  }
  std::vector<RefMove> moves = {{branch_ref(branch), expected, commit}, {twin, recorded, commit}};
  // What a branch had that the new commit does not hold (an earlier run's work) stays reachable.
  if (current && *current != commit) {
    FLEET_TRY(const bool held, repository.is_ancestor(*current, commit));
    if (!held)
      moves.push_back({kReplaced + current->hex(), std::nullopt, *current});
  }
  return move_recorded(repository, intent, moves, reason);
}

}  // namespace fleet::worktree
