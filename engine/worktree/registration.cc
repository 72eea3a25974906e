#include "engine/worktree/registration.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "engine/worktree/safe_files.h"

namespace fleet::worktree {
namespace {

constexpr std::uint64_t kMaxAdminFile = 1 << 16;

std::string gitdir_line(const Slot& slot) {
  return slot.tree() + "/.git\n";
}

Status write_file(int directory, const std::string& name, std::string_view bytes) {
  FLEET_TRY(const UniqueFd fd, create_file(directory, name, 0644));
  return write_all(fd.get(), bytes, name);
}

// The entry, whole but under a name that no git looks at.
Result<std::string> prepare_entry(const Slot& slot) {
  const std::string parent = slot.common_dir + "/fleet";
  const std::string name =
      "worktree-" + std::to_string(slot.id.value) + "." + std::to_string(::getpid()) + ".new";
  FLEET_CHECK(make_directories(parent));
  FLEET_TRY(const UniqueFd fleet, open_directory(parent));
  FLEET_CHECK(remove_entry(fleet.get(), name));
  FLEET_CHECK(make_directory(fleet.get(), name));
  FLEET_TRY(const UniqueFd entry, open_beneath(fleet.get(), name));
  FLEET_CHECK(write_file(entry.get(), "gitdir", gitdir_line(slot)));
  FLEET_CHECK(write_file(entry.get(), "commondir", "../..\n"));
  FLEET_CHECK(write_file(entry.get(), "HEAD", slot.commit.hex() + "\n"));
  FLEET_CHECK(
      write_file(entry.get(), "locked",
                 "a fleet's session works here; fleetc clean removes it when it is idle\n"));
  for (const char* file : {"gitdir", "commondir", "HEAD", "locked"}) {
    const UniqueFd fd(::openat(entry.get(), file, O_RDONLY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0)
      return os_error("fsync", file, errno);
  }
  return parent + "/" + name;
}

}  // namespace

std::string admin_dir(const std::string& common_dir, SlotId id) {
  return common_dir + "/worktrees/fleet-" + std::to_string(id.value);
}

bool is_registered(const Slot& slot) {
  const auto line = read_file_at(admin_dir(slot.common_dir, slot.id) + "/gitdir", kMaxAdminFile);
  return line && *line == gitdir_line(slot);
}

bool may_register(const Slot& slot) {
  struct stat found = {};
  const std::string admin = admin_dir(slot.common_dir, slot.id);
  return ::lstat(admin.c_str(), &found) != 0 || is_registered(slot);
}

Status register_slot(const Slot& slot) {
  const std::string admin = admin_dir(slot.common_dir, slot.id);
  if (is_registered(slot)) {
    const std::string head = slot.commit.hex() + "\n";
    const auto current = read_file_at(admin + "/HEAD", kMaxAdminFile);
    if (current && *current == head)
      return {};
    return replace_file(admin + "/HEAD", head, true);
  }
  FLEET_TRY(const std::string prepared, prepare_entry(slot));
  // A concurrent `git worktree prune` removes <common>/worktrees when it is empty, as often as it
  // likes; any other cause ends this.
  const std::string parent = slot.common_dir + "/worktrees";
  for (;;) {
    FLEET_CHECK(make_directories(parent));
    if (::rename(prepared.c_str(), admin.c_str()) == 0)
      return {};
    const int error = errno;
    struct stat found = {};
    const bool swept = ::lstat(parent.c_str(), &found) != 0 || S_ISDIR(found.st_mode);
    if (error != ENOENT || !swept || ::access(prepared.c_str(), F_OK) != 0)
      return os_error("register the worktree", admin, error);
  }
}

Status unregister_slot(const Slot& slot) {
  if (!is_registered(slot))
    return {};
  // Renamed first: git never sees half of it.
  const std::string gone = slot.common_dir + "/fleet/worktree-" + std::to_string(slot.id.value) +
                           "." + std::to_string(::getpid()) + ".old";
  FLEET_CHECK(make_directories(slot.common_dir + "/fleet"));
  FLEET_TRY(const UniqueFd fleet, open_directory(slot.common_dir + "/fleet"));
  FLEET_CHECK(remove_entry(fleet.get(), gone.substr(gone.rfind('/') + 1)));
  const std::string admin = admin_dir(slot.common_dir, slot.id);
  if (::rename(admin.c_str(), gone.c_str()) != 0 && errno != ENOENT) {
    return os_error("unregister the worktree", admin, errno);
  }
  return remove_entry(fleet.get(), gone.substr(gone.rfind('/') + 1));
}

Status write_session_git(const Slot& slot, std::string_view index) {
  FLEET_TRY(const UniqueFd root, open_directory(slot.root));
  FLEET_TRY(const UniqueFd session, open_beneath(root.get(), "session"));
  FLEET_CHECK(remove_entry(session.get(), "git"));
  FLEET_CHECK(make_directory(session.get(), "git"));
  FLEET_TRY(const UniqueFd git, open_beneath(session.get(), "git"));
  FLEET_CHECK(write_file(git.get(), "HEAD", slot.commit.hex() + "\n"));
  FLEET_CHECK(write_file(git.get(), "commondir", slot.common_dir + "\n"));
  FLEET_CHECK(write_file(git.get(), "gitdir", gitdir_line(slot)));
  FLEET_CHECK(write_file(git.get(), "index", index));
  FLEET_CHECK(make_directory(git.get(), "logs"));
  FLEET_TRY(const UniqueFd logs, open_beneath(git.get(), "logs"));
  // Its presence makes git write the reflog whatever the configuration says.
  FLEET_CHECK(write_file(logs.get(), "HEAD", ""));
  FLEET_TRY(const UniqueFd tree, open_beneath(session.get(), "tree"));
  FLEET_CHECK(remove_entry(tree.get(), ".git"));
  return write_file(tree.get(), ".git", "gitdir: " + slot.git_dir() + "\n");
}

}  // namespace fleet::worktree
