// What the pool holds, and what of it can go: the part of Pool that looks at every slot.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "engine/worktree/pool.h"
#include "engine/worktree/registration.h"
#include "engine/worktree/safe_files.h"
#include "engine/worktree/slot_state.h"

namespace fleet::worktree {
namespace {

constexpr int kMaxDepth = 64;

std::optional<SlotId> parse_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0)
    return std::nullopt;
  return SlotId{value};
}

// Whether a process holds the slot, asked without taking it.
bool is_locked(const std::string& root) {
  const UniqueFd file(::open((root + "/engine/lock").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file)
    return false;
  return ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

// Allocated bytes beneath a directory. An estimate: what can't be read, or lies absurdly deep,
// counts nothing.
std::uint64_t disk_bytes(int directory, int depth) {
  std::uint64_t total = 0;
  const auto entries = list_directory(directory);
  if (!entries)
    return 0;
  for (const DirEntry& entry : *entries) {
    const auto found = stat_entry(directory, entry.name);
    if (!found || !*found)
      continue;
    total += static_cast<std::uint64_t>((*found)->st_blocks) * 512;
    if (!S_ISDIR((*found)->st_mode) || depth == kMaxDepth)
      continue;
    if (const auto child = open_beneath(directory, entry.name)) {
      total += disk_bytes(child->get(), depth + 1);
    }
  }
  return total;
}

}  // namespace

Result<std::vector<ScannedSlot>> Pool::scan() {
  std::set<SlotId> ids;
  FLEET_TRY(const UniqueFd directory, open_directory(directory_));
  FLEET_TRY(const auto entries, list_directory(directory.get()));
  for (const DirEntry& entry : entries) {
    if (const auto id = parse_number(entry.name))
      ids.insert(*id);
  }
  if (const auto worktrees = open_directory(common_dir_ + "/worktrees")) {
    FLEET_TRY(const auto registered, list_directory(worktrees->get()));
    for (const DirEntry& entry : registered) {
      if (!entry.name.starts_with("fleet-"))
        continue;
      const auto id = parse_number(std::string_view(entry.name).substr(6));
      Slot slot;
      if (!id)
        continue;
      slot.id = *id;
      slot.root = directory_ + "/" + std::to_string(id->value);
      slot.common_dir = common_dir_;
      if (is_registered(slot))
        ids.insert(*id);
    }
  }
  std::vector<ScannedSlot> slots;
  for (const SlotId id : ids) {
    ScannedSlot found;
    found.slot.id = id;
    found.slot.root = directory_ + "/" + std::to_string(id.value);
    found.slot.common_dir = common_dir_;
    struct stat tree = {};
    const bool has_tree = ::lstat(found.slot.tree().c_str(), &tree) == 0;
    if (!has_tree)
      found.leftovers = Leftovers::kSaved;  // begun to be made: there is nothing to lose
    if (const auto state = load_state(found.slot.root)) {
      found.slot.kind = state->kind;
      found.slot.agent = state->agent;
      found.slot.commit = state->commit;
      // What was there before a reset was saved before it began.
      if (has_tree && !state->resetting)
        found.leftovers = state->leftovers;
      else
        found.leftovers = Leftovers::kSaved;
      found.complete =
          !state->resetting && is_registered(found.slot) && has_tree && S_ISDIR(tree.st_mode);
    }
    found.in_use = is_locked(found.slot.root);
    slots.push_back(std::move(found));
  }
  return slots;
}

Result<std::vector<ScannedSlot>> Pool::usage() {
  FLEET_TRY(auto slots, scan());
  for (ScannedSlot& found : slots) {
    if (const auto root = open_directory(found.slot.root))
      found.disk_bytes = disk_bytes(root->get(), 0);
  }
  return slots;
}

Status Pool::sweep() {
  FLEET_TRY(const UniqueFd directory, open_directory(directory_));
  FLEET_TRY(const auto entries, list_directory(directory.get()));
  for (const DirEntry& entry : entries) {
    if (entry.name.starts_with("gone-"))
      FLEET_CHECK(remove_entry(directory.get(), entry.name));
  }
  return {};
}

Result<std::vector<SlotId>> Pool::prune(Repository& repository, std::uint64_t budget_bytes) {
  FLEET_TRY(auto slots, usage());
  std::uint64_t total = 0;
  for (const ScannedSlot& found : slots)
    total += found.disk_bytes;
  const auto used = [](const ScannedSlot& found) {
    const auto state = load_state(found.slot.root);
    return state ? state->written_ns : 0;
  };
  std::stable_sort(slots.begin(), slots.end(), [&used](const ScannedSlot& a, const ScannedSlot& b) {
    return used(a) < used(b);
  });
  FLEET_CHECK(sweep());
  std::vector<SlotId> removed;
  for (const ScannedSlot& found : slots) {
    const auto state = load_state(found.slot.root);
    struct stat tree = {};
    const bool has_tree = ::lstat(found.slot.tree().c_str(), &tree) == 0;
    const bool is_saved = state && (state->leftovers == Leftovers::kSaved || state->resetting);
    // Without a tree there is nothing to lose. A tree without state (a power loss) may hold
    // anything.
    if (found.in_use || (has_tree && (!is_saved || total <= budget_bytes)))
      continue;
    if (has_tree) {
      FLEET_TRY(const bool held, hold(found.slot.id));
      if (!held)
        continue;
    }
    FLEET_CHECK(destroy(repository, found.slot));
    total -= std::min(total, found.disk_bytes);
    removed.push_back(found.slot.id);
  }
  return removed;
}

}  // namespace fleet::worktree
