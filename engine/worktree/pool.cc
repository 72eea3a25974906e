#include "engine/worktree/pool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "engine/worktree/capture.h"
#include "engine/worktree/checkout.h"
#include "engine/worktree/libgit.h"
#include "engine/worktree/refs.h"
#include "engine/worktree/registration.h"
#include "engine/worktree/safe_files.h"
#include "engine/worktree/slot_state.h"

namespace fleet::worktree {
namespace {

constexpr std::uint32_t kMaxSlots = 100'000;
constexpr char kGone[] = "gone-";

std::optional<SlotId> parse_id(std::string_view name) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (error != std::errc() || end != name.data() + name.size() || value == 0)
    return std::nullopt;
  if (std::to_string(value) != name)
    return std::nullopt;
  return SlotId{value};
}

bool is_inside(const std::string& path, const std::string& directory) {
  return !directory.empty() && (path == directory || path.starts_with(directory + "/"));
}

Result<std::string> canonical(const std::string& path) {
  char resolved[PATH_MAX];
  if (::realpath(path.c_str(), resolved) == nullptr)
    return os_error("resolve", path, errno);
  return std::string(resolved);
}

Result<std::vector<SlotId>> slots_on_disk(const std::string& directory) {
  FLEET_TRY(const UniqueFd fd, open_directory(directory));
  FLEET_TRY(const auto entries, list_directory(fd.get()));
  std::vector<SlotId> ids;
  for (const DirEntry& entry : entries) {
    if (const auto id = parse_id(entry.name))
      ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

// Made, or begun to be made, and never used: no state and no tree.
bool is_husk(const Slot& slot) {
  struct stat found = {};
  return !load_state(slot.root) && ::lstat(slot.tree().c_str(), &found) != 0;
}

Slot slot_at(const std::string& directory, const std::string& common_dir, SlotId id) {
  Slot slot;
  slot.id = id;
  slot.root = directory + "/" + std::to_string(id.value);
  slot.common_dir = common_dir;
  if (const auto state = load_state(slot.root)) {
    slot.kind = state->kind;
    slot.agent = state->agent;
    slot.commit = state->commit;
  }
  return slot;
}

// Fresh, empty directories around the tree; what was there is gone.
Status renew_surroundings(const Slot& slot) {
  FLEET_CHECK(make_directories(slot.engine_dir()));
  FLEET_TRY(const UniqueFd root, open_directory(slot.root));
  FLEET_CHECK(make_directory(root.get(), "session"));
  FLEET_TRY(const UniqueFd session, open_child(root.get(), "session"));
  for (const char* name : {"objects", "home", "tmp"}) {
    FLEET_CHECK(remove_entry(session.get(), name));
    FLEET_CHECK(make_directory(session.get(), name, 0700));
  }
  FLEET_CHECK(make_directory(session.get(), "tree"));
  FLEET_TRY(const auto entries, list_directory(session.get()));
  for (const DirEntry& entry : entries) {
    const std::string_view name = entry.name;
    if (name != "objects" && name != "home" && name != "tmp" && name != "tree" && name != "git") {
      FLEET_CHECK(remove_entry(session.get(), entry.name));
    }
  }
  return {};
}

}  // namespace

Pool::Pool(std::string directory, std::string common_dir)
    : directory_(std::move(directory)), common_dir_(std::move(common_dir)) {}
Pool::~Pool() = default;

Result<std::unique_ptr<Pool>> Pool::open(Repository& repository, const std::string& directory) {
  FLEET_CHECK(make_directories(directory));
  FLEET_TRY(std::string resolved, canonical(directory));
  if (is_inside(resolved, repository.work_dir()) || is_inside(resolved, repository.common_dir())) {
    return Error(Errc::kInvalid, "worktrees can't be kept in " + resolved +
                                     ", which is inside the repository: choose a place outside");
  }
  return std::unique_ptr<Pool>(new Pool(std::move(resolved), repository.common_dir()));
}

// False if someone else has it. The lock file may go with its slot while it is waited for: a lock
// on a file without a name counts for nothing.
Result<bool> Pool::hold(SlotId id) {
  const std::string path = directory_ + "/" + std::to_string(id.value) + "/engine/lock";
  const std::lock_guard lock(mutex_);
  if (held_.contains(id))
    return false;
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file) {
    if (errno == ENOENT)
      return Error(Errc::kNotFound, "there is no worktree slot " + path);
    return os_error("open", path, errno);
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return false;
    return os_error("lock", path, errno);
  }
  struct stat found = {};
  if (::fstat(file.get(), &found) != 0)
    return os_error("fstat", path, errno);
  if (found.st_nlink == 0)
    return false;
  held_.emplace(id, std::move(file));
  return true;
}

Result<std::optional<Slot>> Pool::take_free(const SlotRequest& request) {
  FLEET_TRY(const auto ids, slots_on_disk(directory_));
  struct Candidate {
    int rank;
    std::int64_t unused_since;
    SlotId id;
  };
  std::vector<Candidate> candidates;
  for (const SlotId id : ids) {
    const auto state = load_state(directory_ + "/" + std::to_string(id.value));
    // A slot without state has no kind: anyone may have used it. prune removes it.
    if (!state || state->kind != request.kind)
      continue;
    const int rank =
        (state->agent == request.agent ? 0 : 2) + (state->commit == request.commit ? 0 : 1);
    candidates.push_back({rank, -state->written_ns, id});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.rank, a.unused_since, a.id) < std::tie(b.rank, b.unused_since, b.id);
  });
  for (const Candidate& candidate : candidates) {
    auto held = hold(candidate.id);
    if (!held && held.error().code() == Errc::kNotFound)
      continue;
    if (!held)
      return std::move(held).error();
    if (*held)
      return std::optional(slot_at(directory_, common_dir_, candidate.id));
  }
  return std::optional<Slot>();
}

Result<Slot> Pool::make(const SlotRequest& request) {
  for (std::uint32_t number = 1; number <= kMaxSlots; ++number) {
    Slot slot;
    slot.id = SlotId{number};
    slot.root = directory_ + "/" + std::to_string(number);
    slot.common_dir = common_dir_;
    slot.kind = request.kind;
    slot.agent = request.agent;
    slot.commit = request.commit;
    if (!may_register(slot))
      continue;
    const bool fresh = ::mkdir(slot.root.c_str(), 0755) == 0;
    if (!fresh && errno != EEXIST)
      return os_error("mkdir", slot.root, errno);
    if (!fresh && !is_husk(slot))
      continue;
    FLEET_CHECK(make_directories(slot.engine_dir()));
    FLEET_TRY(const bool held, hold(slot.id));
    if (!held)
      continue;
    // Between the look and the lock another process may have made and used it.
    if (is_husk(slot))
      return slot;
    drop(slot.id);
  }
  return Error(Errc::kNoSpace,
               directory_ + " has no room for another worktree: run `fleetc clean`");
}

Result<Slot> Pool::acquire(Repository& repository, const SlotRequest& request) {
  FLEET_TRY(auto taken, take_free(request));
  if (taken) {
    if (prepare(repository, *taken, request))
      return *std::move(taken);
    // Its leftovers can't be saved, or it is damaged beyond repair: it stays as it is for a person
    // to see, and must not be in the way.
    drop(taken->id);
  }
  FLEET_TRY(Slot slot, make(request));
  if (Status status = prepare(repository, slot, request); !status) {
    drop(slot.id);
    return std::move(status).error().in("prepare worktree " + slot.root);
  }
  return slot;
}

void Pool::drop(SlotId id) {
  const std::lock_guard lock(mutex_);
  held_.erase(id);
}

Status Pool::reset(Repository& repository, Slot& slot, const SlotRequest& request) {
  return prepare(repository, slot, request);
}

Status Pool::prepare(Repository& repository, Slot& slot, const SlotRequest& request) {
  const auto before = load_state(slot.root);
  if (before && before->leftovers == Leftovers::kUnsaved && !before->resetting &&
      !request.salvage_ref.empty()) {
    FLEET_TRY(const auto saved, salvage(repository, slot, request.salvage_ref));
    (void)saved;
  }
  const bool same_agent = before && before->agent == request.agent;
  const PathSet keep = same_agent ? PathSet(request.keep) : PathSet();

  SlotState state{request.kind, request.agent, request.commit, Leftovers::kUnsaved, true, 0};
  FLEET_CHECK(make_directories(slot.engine_dir()));
  FLEET_CHECK(save_state(slot.root, state));
  slot.kind = request.kind;
  slot.agent = request.agent;
  slot.commit = request.commit;

  FLEET_CHECK(renew_surroundings(slot));
  // Before the checkout: its sync would otherwise wait for thousands of new files to reach the
  // disk.
  FLEET_CHECK(register_slot(slot));
  FLEET_TRY(const Oid wanted, tree_of(repository.handle(), request.commit));
  const std::string index_path = slot.engine_dir() + "/index";
  FileIndex index = load_index(index_path);
  const bool same_tree = index.root.tree == wanted;
  FLEET_CHECK(move_index(repository.handle().odb.get(), index, wanted));
  FLEET_TRY(const UniqueFd root, open_directory(slot.root));
  FLEET_TRY(const UniqueFd tree, open_beneath(root.get(), "session/tree"));
  CheckoutRequest checkout;
  checkout.objects_dir = repository.handle().objects_dir();
  checkout.tree = tree.get();
  checkout.keep = &keep;
  FLEET_TRY(const CheckoutReport report, check_out(checkout, index));
  if (!same_tree || report.written + report.doubted > 0) {
    FLEET_CHECK(save_index(index_path, index));
  }
  FLEET_CHECK(write_session_git(slot, encode_git_index(index)));
  state.resetting = false;
  return save_state(slot.root, state);
}

Result<Slot> Pool::adopt(SlotId id) {
  FLEET_CHECK(reserve(id));
  const std::lock_guard lock(mutex_);
  reserved_.erase(id);
  return slot_at(directory_, common_dir_, id);
}

Status Pool::reserve(SlotId id) {
  {
    const std::lock_guard lock(mutex_);
    if (reserved_.contains(id))
      return Status();
  }
  FLEET_TRY(const bool held, hold(id));
  if (!held)
    return Error(Errc::kBusy, "worktree slot " + std::to_string(id.value) + " is in use");
  const std::lock_guard lock(mutex_);
  reserved_.insert(id);
  return Status();
}

Status Pool::release(const Slot& slot, Leftovers leftovers) {
  auto state = load_state(slot.root);
  Status saved;
  if (state && !state->resetting) {
    state->leftovers = leftovers;
    saved = save_state(slot.root, *state);
  }
  drop(slot.id);
  return saved;
}

Status Pool::destroy(Repository&, const Slot& slot) {
  FLEET_CHECK(unregister_slot(slot));
  FLEET_TRY(const UniqueFd directory, open_directory(directory_));
  // Out of sight at once: what a kill leaves of it is never taken for a slot (sweep removes it).
  const std::string gone = kGone + std::to_string(slot.id.value);
  FLEET_CHECK(remove_entry(directory.get(), gone));
  if (::rename(slot.root.c_str(), (directory_ + "/" + gone).c_str()) != 0 && errno != ENOENT) {
    return os_error("rename", slot.root, errno);
  }
  drop(slot.id);
  return remove_entry(directory.get(), gone);
}

Result<std::optional<Oid>> Pool::salvage(Repository& repository, const Slot& slot,
                                         const std::string& ref) {
  CaptureRequest request;
  request.author_name = slot.agent.empty() ? "fleetc" : slot.agent;
  request.author_email = "fleetc@localhost";
  request.message = "Unfinished work found in a worktree";
  const auto state = load_state(slot.root);
  request.time = state ? state->written_ns / 1'000'000'000 : 0;
  request.lenient = true;
  FLEET_TRY(const CaptureOutcome outcome, capture(repository, slot, request));
  const auto* captured = std::get_if<Captured>(&outcome);
  if (captured == nullptr)
    return std::optional<Oid>();
  std::string name = ref;
  for (int number = 2;; ++number) {
    FLEET_TRY(const auto taken, read_ref(repository, name));
    if (!taken || *taken == captured->commit)
      break;
    name = ref + "-" + std::to_string(number);
  }
  FLEET_CHECK(move_refs(repository, {{name, std::nullopt, captured->commit}}, "salvage"));
  return std::optional(captured->commit);
}

}  // namespace fleet::worktree
