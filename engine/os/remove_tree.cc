#include "engine/os/remove_tree.h"

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <memory>
#include <vector>

#include "engine/os/posix_call.h"

namespace fleet::os {
namespace {

// Each level of a walk holds a descriptor. Directories deeper than this are moved up to the top
// first, so that no depth exhausts descriptors or the stack.
constexpr int kMaxDepth = 48;

// Opens a directory entry of `parent`: no symlink, and no mount point where the kernel can tell
// (openat2).
UniqueFd open_beneath(int parent, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;
  const long fd =
      uninterrupted([&] { return ::syscall(SYS_openat2, parent, name.c_str(), &how, sizeof how); });
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
    return UniqueFd(static_cast<int>(fd));
  return UniqueFd(uninterrupted([&] {
    return ::openat(parent, name.c_str(), flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  }));
}

class TreeRemoval {
 public:
  TreeRemoval(std::string shown, int parent) : shown_(std::move(shown)), parent_(parent) {}

  Status run(const std::string& name) {
    if (::unlinkat(parent_, name.c_str(), 0) == 0 || errno == ENOENT)
      return {};
    if (errno != EISDIR)
      return failure("unlink", errno);
    FLEET_TRY(top_, enter(parent_, name));
    struct stat status {};
    if (::fstat(top_.get(), &status) != 0)
      return failure("stat", errno);
    device_ = status.st_dev;
    do {
      moved_ = false;
      FLEET_CHECK(empty_out(top_.get(), 0));
    } while (moved_);
    return remove_empty(parent_, name);
  }

 private:
  Error failure(const char* call, int error) const {
    if (error == EXDEV)
      return Error(Errc::kBusy, "remove " + shown_ + ": another file system is mounted inside");
    return os_error(call, shown_, error);
  }

  // Directories that deny their owner are opened up by descriptor, which cannot be swapped for
  // another.
  Result<UniqueFd> enter(int parent, const std::string& name) const {
    UniqueFd fd = open_beneath(parent, name, O_RDONLY);
    if (!fd && errno == EACCES) {
      const UniqueFd handle = open_beneath(parent, name, O_PATH);
      if (!handle)
        return failure("open", errno);
      const std::string self = "/proc/self/fd/" + std::to_string(handle.get());
      if (::chmod(self.c_str(), 0700) != 0)
        return failure("chmod", errno);
      fd = open_beneath(parent, name, O_RDONLY);
    }
    if (!fd)
      return failure("open", errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) == 0 && (status.st_mode & 0700) != 0700)
      ::fchmod(fd.get(), 0700);  // if this fails, so will the removal, with the better message
    return fd;
  }

  Result<std::vector<std::string>> names_in(int directory) const {
    const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0)
      return failure("open", errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), &::closedir);
    if (!stream) {
      const int error = errno;
      ::close(copy);
      return failure("opendir", error);
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..")
        names.emplace_back(name);
      errno = 0;
    }
    if (errno != 0)
      return failure("readdir", errno);
    return names;
  }

  Status empty_out(int directory, int depth) {
    FLEET_TRY(const std::vector<std::string> names, names_in(directory));
    for (const std::string& name : names) {
      if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT)
        continue;
      if (errno != EISDIR)
        return failure("unlink", errno);
      FLEET_CHECK(remove_directory(directory, name, depth));
    }
    return {};
  }

  Status remove_directory(int parent, const std::string& name, int depth) {
    // Most are empty or about to be: cheaper than a look inside.
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT)
      return {};
    FLEET_TRY(const UniqueFd child, enter(parent, name));
    struct stat status {};
    if (::fstat(child.get(), &status) != 0)
      return failure("stat", errno);
    if (status.st_dev != device_)
      return failure("remove", EXDEV);
    if (depth >= kMaxDepth)
      return move_to_top(parent, name);
    FLEET_CHECK(empty_out(child.get(), depth + 1));
    return remove_empty(parent, name);
  }

  Status move_to_top(int parent, const std::string& name) {
    moved_ = true;
    for (;;) {
      const std::string fresh = ".fleet-deep-" + std::to_string(++deep_);
      if (::syscall(SYS_renameat2, parent, name.c_str(), top_.get(), fresh.c_str(),
                    1u /* RENAME_NOREPLACE */) == 0)
        return {};
      if (errno != EEXIST)
        return failure("rename", errno);
    }
  }

  Status remove_empty(int parent, const std::string& name) const {
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT)
      return {};
    return failure("rmdir", errno);
  }

  std::string shown_;
  int parent_;
  UniqueFd top_;
  dev_t device_ = 0;
  bool moved_ = false;
  std::uint64_t deep_ = 0;
};

}  // namespace

Status remove_tree(const std::string& path) {
  FLEET_CHECK(check_path(path));
  const auto [parent, name] = split_path(path);
  if (name.empty() || name == "." || name == "..")
    return Error(Errc::kInvalid, "remove " + path + ": names no entry of a directory");
  auto directory = open_fd(AT_FDCWD, parent, O_PATH | O_DIRECTORY);
  if (!directory) {
    if (directory.error().code() == Errc::kNotFound)
      return {};
    return std::move(directory).error();
  }
  return TreeRemoval(path, directory->get()).run(name);
}

}  // namespace fleet::os
