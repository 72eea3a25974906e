#include "engine/worktree/safe_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <utility>

namespace fleet::worktree {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// One component after another: for kernels and seccomp filters without openat2.
int open_by_components(int root, const std::string& path) {
  UniqueFd current(::fcntl(root, F_DUPFD_CLOEXEC, 0));
  std::size_t start = 0;
  while (current && start < path.size()) {
    const std::size_t slash = path.find('/', start);
    const std::string name = path.substr(start, slash - start);
    current.reset(::openat(current.get(), name.c_str(), kOpenDirectory));
    if (slash == std::string::npos)
      break;
    start = slash + 1;
  }
  return current.release();
}

int open_without_symlinks(int root, const std::string& path) {
  static std::atomic<bool> missing{false};
  if (!missing.load(std::memory_order_relaxed)) {
    struct open_how how = {};
    how.flags = kOpenDirectory;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
      return static_cast<int>(fd);
    missing.store(true, std::memory_order_relaxed);
  }
  return open_by_components(root, path);
}

bool is_gone(int error_number) {
  return error_number == ENOENT || error_number == ENOTDIR || error_number == ELOOP;
}

// A session may nest directories deeper than we have descriptors or stack: what lies deeper is
// moved up to the starting directory and removed from there.
constexpr int kDeepest = 32;

class Remover {
 public:
  explicit Remover(int directory) : top_(directory) {}

  Status run(const std::string& name) {
    FLEET_CHECK(remove(top_, name, 0));
    while (!moved_.empty()) {
      const std::string next = std::move(moved_.back());
      moved_.pop_back();
      FLEET_CHECK(remove(top_, next, 0));
    }
    return {};
  }

 private:
  Status remove(int directory, const std::string& name, int depth) {
    if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT)
      return {};
    if (errno != EISDIR && errno != EPERM && errno != EACCES)
      return os_error("unlink", name, errno);
    FLEET_TRY(const auto found, stat_entry(directory, name));
    if (!found)
      return {};
    if (!S_ISDIR(found->st_mode))
      return os_error("unlink", name, EACCES);
    if (depth == kDeepest)
      return move_up(directory, name);
    FLEET_TRY(const UniqueFd inside, open_child(directory, name));
    FLEET_TRY(const auto entries, list_directory(inside.get()));
    for (const DirEntry& entry : entries)
      FLEET_CHECK(remove(inside.get(), entry.name, depth + 1));
    if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
      return os_error("rmdir", name, errno);
    }
    return {};
  }

  Status move_up(int directory, const std::string& name) {
    for (;;) {
      const std::string target = ".fleet-remove-" + std::to_string(counter_++);
      // A directory is never put in place of another one that holds something, nor of a file.
      if (::faccessat(top_, target.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        continue;
      // Its own write permission is needed to change its "..".
      if (::fchmodat(directory, name.c_str(), 0700, 0) != 0)
        return os_error("chmod", name, errno);
      if (::renameat(directory, name.c_str(), top_, target.c_str()) != 0) {
        return os_error("rename", name, errno);
      }
      moved_.push_back(target);
      return {};
    }
  }

  const int top_;
  std::vector<std::string> moved_;
  unsigned counter_ = 0;
};

}  // namespace

Result<UniqueFd> open_directory(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd)
    return os_error("open", path, errno);
  return fd;
}

Result<UniqueFd> open_beneath(int root, const std::string& path) {
  UniqueFd fd(path.empty() ? ::fcntl(root, F_DUPFD_CLOEXEC, 0) : open_without_symlinks(root, path));
  if (fd)
    return fd;
  if (is_gone(errno))
    return Error(Errc::kNotFound, path + " is no directory");
  return os_error("open", path, errno);
}

Result<UniqueFd> open_child(int directory, const std::string& name) {
  UniqueFd fd(::openat(directory, name.c_str(), kOpenDirectory));
  if (!fd && errno == EACCES) {
    FLEET_TRY(const auto found, stat_entry(directory, name));
    if (found && S_ISDIR(found->st_mode) &&
        ::fchmodat(directory, name.c_str(), found->st_mode | 0700, 0) == 0) {
      fd.reset(::openat(directory, name.c_str(), kOpenDirectory));
    } else {
      errno = EACCES;
    }
  }
  if (!fd) {
    if (is_gone(errno))
      return Error(Errc::kNotFound, name + " is no directory");
    return os_error("open", name, errno);
  }
  struct stat found = {};
  if (::fstat(fd.get(), &found) != 0)
    return os_error("fstat", name, errno);
  if ((found.st_mode & 0700) != 0700 && ::fchmod(fd.get(), found.st_mode | 0700) != 0) {
    return os_error("chmod", name, errno);
  }
  return fd;
}

Result<std::vector<DirEntry>> list_directory(int directory) {
  const int copy = ::openat(directory, ".", kOpenDirectory);
  if (copy < 0)
    return os_error("open", "a directory", errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), &::closedir);
  if (!stream) {
    ::close(copy);
    return os_error("fdopendir", "a directory", errno);
  }
  std::vector<DirEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr)
      break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..")
      entries.push_back({std::string(name), entry->d_type});
  }
  if (errno != 0)
    return os_error("readdir", "a directory", errno);
  return entries;
}

Result<std::optional<struct stat>> stat_entry(int directory, const std::string& name) {
  struct stat found = {};
  if (::fstatat(directory, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) {
    return std::optional(found);
  }
  if (is_gone(errno))
    return std::optional<struct stat>();
  return os_error("stat", name, errno);
}

Status remove_entry(int directory, const std::string& name) {
  return Remover(directory).run(name);
}

Status make_directory(int directory, const std::string& name, mode_t mode) {
  if (::mkdirat(directory, name.c_str(), mode) == 0)
    return {};
  if (errno != EEXIST)
    return os_error("mkdir", name, errno);
  FLEET_TRY(const auto found, stat_entry(directory, name));
  if (found && S_ISDIR(found->st_mode)) {
    if ((found->st_mode & 07777) == mode)
      return {};
    if (::fchmodat(directory, name.c_str(), mode, 0) != 0)
      return os_error("chmod", name, errno);
    return {};
  }
  FLEET_CHECK(remove_entry(directory, name));
  if (::mkdirat(directory, name.c_str(), mode) != 0)
    return os_error("mkdir", name, errno);
  return {};
}

Result<std::string> read_entry(int directory, const std::string& name, std::uint64_t limit) {
  const UniqueFd fd(
      ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) {
    if (errno == ELOOP || errno == ENXIO)
      return Error(Errc::kInvalid, name + " is no regular file");
    return os_error("open", name, errno);
  }
  struct stat found = {};
  if (::fstat(fd.get(), &found) != 0)
    return os_error("fstat", name, errno);
  if (!S_ISREG(found.st_mode))
    return Error(Errc::kInvalid, name + " is no regular file");
  const auto size = static_cast<std::uint64_t>(found.st_size);
  if (size > limit)
    return Error(Errc::kNoSpace, name + " is too large");
  std::string bytes;
  bytes.resize(static_cast<std::size_t>(size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(fd.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return os_error("read", name, errno);
    if (got == 0)
      break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

Result<std::string> read_link(int directory, const std::string& name) {
  std::string target(4096, '\0');
  const ssize_t size = ::readlinkat(directory, name.c_str(), target.data(), target.size());
  if (size < 0)
    return os_error("readlink", name, errno);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

Result<UniqueFd> create_file(int directory, const std::string& name, mode_t mode) {
  UniqueFd fd(::openat(directory, name.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd)
    return os_error("create", name, errno);
  return fd;
}

Status write_all(int fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR)
      continue;
    if (wrote < 0)
      return os_error("write", name, errno);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

Status replace_file(const std::string& path, std::string_view bytes, bool durable) {
  const std::string temporary = path + ".new";
  {
    const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd)
      return os_error("create", temporary, errno);
    FLEET_CHECK(write_all(fd.get(), bytes, temporary));
    if (durable && ::fsync(fd.get()) != 0)
      return os_error("fsync", temporary, errno);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return os_error("rename", temporary, errno);
  if (durable) {
    FLEET_TRY(const UniqueFd directory, open_directory(path.substr(0, path.rfind('/'))));
    if (::fsync(directory.get()) != 0)
      return os_error("fsync the directory of", path, errno);
  }
  return {};
}

Result<std::string> read_file_at(const std::string& path, std::uint64_t limit) {
  return read_entry(AT_FDCWD, path, limit);
}

Status make_directories(const std::string& path) {
  for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST)
      return os_error("mkdir", part, errno);
    if (at == std::string::npos)
      return {};
  }
}

std::int64_t nanoseconds(const struct timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace fleet::worktree
