#include "engine/worktree/held_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "engine/worktree/safe_files.h"

namespace fleet::worktree {
namespace {

bool is_dangling(int root, const std::string& path) {
  struct stat found = {};
  return ::fstatat(root, path.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISLNK(found.st_mode) && ::fstatat(root, path.c_str(), &found, 0) != 0;
}

// mkdir -p beneath an open directory; ENOENT if a part went while the next one was made.
int make_beneath(int root, const std::string& path) {
  for (std::size_t at = path.find('/');; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    if (::mkdirat(root, part.c_str(), 0777) != 0) {
      if (errno != EEXIST)
        return errno;
      if (is_dangling(root, part))
        return ENOTDIR;
    }
    if (at == std::string::npos)
      return 0;
  }
}

}  // namespace

Result<HeldDirectory> HeldDirectory::make(const std::string& root, const std::string& directory,
                                          const std::string& name) {
  FLEET_TRY(const UniqueFd top, open_directory(root));
  const std::string inner = directory + "/" + name;
  for (;;) {
    int error = make_beneath(top.get(), directory);
    if (error == 0) {
      UniqueFd file(
          ::openat(top.get(), inner.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
      if (file)
        return HeldDirectory(root + "/" + inner, std::move(file));
      error = errno;
    }
    struct stat found = {};
    // Nothing can be made in a root that is gone itself.
    if (error != ENOENT || ::fstat(top.get(), &found) != 0 || found.st_nlink == 0)
      return os_error("hold", root + "/" + directory, error);
  }
}

HeldDirectory::HeldDirectory(HeldDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}

HeldDirectory::~HeldDirectory() {
  if (!path_.empty())
    ::unlink(path_.c_str());
}

bool HeldDirectory::stands() const {
  struct stat held = {};
  return ::fstat(file_.get(), &held) == 0 && held.st_nlink != 0;
}

Status HeldDirectory::release() {
  const std::string path = std::exchange(path_, {});
  if (!path.empty() && ::unlink(path.c_str()) != 0 && errno != ENOENT)
    return os_error("remove", path, errno);
  return {};
}

std::string object_hold_name() {
  static std::atomic<std::uint64_t> counter{0};
  return "tmp_obj_fleetc_" + std::to_string(::getpid()) + "_" + std::to_string(++counter);
}

}  // namespace fleet::worktree
