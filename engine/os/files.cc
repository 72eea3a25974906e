#include "engine/os/files.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "engine/os/posix_call.h"
#include "engine/os/remove_tree.h"

namespace fleet::os {
namespace {

// Removed unless renamed away.
class TemporaryFile {
 public:
  TemporaryFile(int directory, std::string name) : directory_(directory), name_(std::move(name)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!name_.empty())
      ::unlinkat(directory_, name_.c_str(), 0);
  }

  Status rename_to(const std::string& name, const Path& shown) {
    if (::renameat(directory_, name_.c_str(), directory_, name.c_str()) != 0)
      return os_error("rename", shown, errno);
    name_.clear();
    return {};
  }

 private:
  int directory_;
  std::string name_;
};

FileKind kind_of(mode_t mode) {
  if (S_ISREG(mode))
    return FileKind::kFile;
  if (S_ISDIR(mode))
    return FileKind::kDirectory;
  if (S_ISLNK(mode))
    return FileKind::kSymlink;
  return FileKind::kOther;
}

class PosixFiles final : public Files {
 public:
  Result<std::string> read_file(const Path& path, std::size_t max_bytes) override {
    FLEET_CHECK(check_path(path));
    // Non-blocking, so that a FIFO in place of the file is refused instead of waited for.
    FLEET_TRY(const UniqueFd fd, open_fd(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0)
      return os_error("stat", path, errno);
    if (!S_ISREG(status.st_mode))
      return Error(Errc::kInvalid, fmt::format("read {}: not a regular file", path));
    const Error too_long(Errc::kInvalid,
                         fmt::format("read {}: longer than {} bytes", path, max_bytes));
    const auto size = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
    if (size > max_bytes)
      return too_long;

    std::string bytes;
    // The size may be 0 (/proc) or change meanwhile: only the end of the file ends the loop.
    for (std::size_t room = static_cast<std::size_t>(size) + 1;; room = 65536) {
      const std::size_t before = bytes.size();
      bytes.resize(before + room);
      const ssize_t got =
          uninterrupted([&] { return ::read(fd.get(), bytes.data() + before, room); });
      if (got < 0)
        return os_error("read", path, errno);
      bytes.resize(before + static_cast<std::size_t>(got));
      if (bytes.size() > max_bytes)
        return too_long;
      if (got == 0)
        return bytes;
    }
  }

  Status write_atomic(const Path& path, std::string_view bytes, mode_t mode) override {
    FLEET_CHECK(check_path(path));
    const auto [parent, name] = split_path(path);
    FLEET_TRY(const UniqueFd directory, open_fd(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY));
    static std::atomic<std::uint64_t> counter{0};
    const std::string fresh = fmt::format(".fleet-tmp-{}-{}", ::getpid(), ++counter);
    // Left by a killed process that had the same pid.
    ::unlinkat(directory.get(), fresh.c_str(), 0);
    // Before it is opened: what fails may have made it.
    TemporaryFile temporary(directory.get(), fresh);
    FLEET_TRY(UniqueFd fd, open_fd(directory.get(), fresh, O_WRONLY | O_CREAT | O_EXCL, mode));
    if (::fchmod(fd.get(), mode) != 0)
      return os_error("chmod", path, errno);
    FLEET_CHECK(write_all(fd.get(), bytes, path));
    FLEET_CHECK(sync_fd(fd.get(), path));
    // Some file systems report a failed write only here.
    if (::close(fd.release()) != 0 && errno != EINTR)
      return os_error("close", path, errno);
    FLEET_CHECK(temporary.rename_to(name, path));
    return sync_fd(directory.get(), parent);
  }

  Status make_dirs(const Path& path, mode_t mode) override {
    FLEET_CHECK(check_path(path));
    for (std::size_t end = 0; end != path.size();) {
      end = std::min(path.find('/', end + 1), path.size());
      const Path prefix = path.substr(0, end);
      if (::mkdir(prefix.c_str(), mode) == 0)
        continue;
      const int error = errno;
      struct stat status {};
      if (::stat(prefix.c_str(), &status) != 0)
        return os_error("mkdir", prefix, error);
      if (!S_ISDIR(status.st_mode))
        return Error(Errc::kExists, fmt::format("mkdir {}: it exists and is no directory", prefix));
    }
    return {};
  }

  Status remove_tree(const Path& path) override { return os::remove_tree(path); }

  Result<bool> exists(const Path& path) override {
    FLEET_CHECK(check_path(path));
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0)
      return true;
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR)
      return false;
    return os_error("stat", path, error);
  }

  Result<std::vector<DirEntry>> list(const Path& path) override {
    FLEET_CHECK(check_path(path));
    FLEET_TRY(UniqueFd fd, open_fd(AT_FDCWD, path, O_RDONLY | O_DIRECTORY));
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd.get()), &::closedir);
    if (!stream)
      return os_error("opendir", path, errno);
    const int directory = fd.release();  // the stream's now
    std::vector<DirEntry> entries;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string name = entry->d_name;
      struct stat status {};
      const bool there = name != "." && name != ".." &&
                         ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
      if (there)
        entries.push_back({name, kind_of(status.st_mode)});
      errno = 0;
    }
    if (errno != 0)
      return os_error("readdir", path, errno);
    std::ranges::sort(entries, {}, &DirEntry::name);
    return entries;
  }

  Result<std::uint64_t> free_bytes(const Path& path) override {
    FLEET_CHECK(check_path(path));
    struct statvfs status {};
    if (uninterrupted([&] { return ::statvfs(path.c_str(), &status); }) != 0)
      return os_error("statvfs", path, errno);
    return std::uint64_t{status.f_bavail} * status.f_frsize;
  }

  Result<FileLock> lock_file(const Path& path) override {
    FLEET_CHECK(check_path(path));
    for (;;) {
      FLEET_TRY(UniqueFd fd, open_fd(AT_FDCWD, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
      if (uninterrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
        if (errno != EWOULDBLOCK)
          return os_error("flock", path, errno);
        const std::string pid = lock_holder(path);
        return Error(Errc::kBusy, fmt::format("lock {}: held by {}", path,
                                              pid.empty() ? "another process" : "process " + pid));
      }
      struct stat locked {};
      struct stat named {};
      if (::fstat(fd.get(), &locked) != 0)
        return os_error("stat", path, errno);
      // Someone removed the file between open and flock: the lock holds nothing that others see.
      if (::lstat(path.c_str(), &named) != 0 || named.st_ino != locked.st_ino ||
          named.st_dev != locked.st_dev)
        continue;
      // The record is for people; the lock is the kernel's.
      const std::string record = fmt::format("{}\n", ::getpid());
      if (::ftruncate(fd.get(), 0) == 0)
        static_cast<void>(write_all(fd.get(), record, path));
      return FileLock(std::move(fd));
    }
  }
};

}  // namespace

Files& system_files() {
  // Never destroyed: what lives until the program ends may still have files to remove.
  static PosixFiles& files = *new PosixFiles;
  return files;
}

std::string lock_holder(const Path& path) {
  auto record = system_files().read_file(path, 64);
  if (!record)
    return {};
  std::string pid = *std::move(record);
  while (!pid.empty() && pid.back() == '\n')
    pid.pop_back();
  const bool digits = std::ranges::all_of(pid, [](char c) { return c >= '0' && c <= '9'; });
  return digits ? pid : std::string();
}

}  // namespace fleet::os
