#include "engine/bus/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

namespace fleet::bus {

Result<UniqueFd> open_folder(const std::string& path) {
  UniqueFd fd(steadily(
      [&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
  if (!fd)
    return os_error("open", path, errno);
  return fd;
}

Status sync(int fd, std::string_view what) {
  if (steadily([&] { return ::fsync(fd); }) != 0)
    return os_error("fsync", what, errno);
  return {};
}

Result<std::vector<std::string>> list_folder(int folder) {
  // An offset of its own, since others list the same folder at the same time.
  UniqueFd fd(steadily([&] { return ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!fd)
    return os_error("open", "a folder of messages", errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd.get()), &::closedir);
  if (!stream)
    return os_error("fdopendir", "a folder of messages", errno);
  static_cast<void>(fd.release());
  std::vector<std::string> found;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0)
      return os_error("readdir", "a folder of messages", errno);
    if (entry == nullptr)
      return found;
    if (entry->d_name[0] != '.')
      found.emplace_back(entry->d_name);
  }
}

Result<std::string> read_file(int folder, const std::string& name, std::size_t max_bytes) {
  // Neither through a link nor waiting for the other end of a pipe.
  const UniqueFd fd(steadily([&] {
    return ::openat(folder, name.c_str(),
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  }));
  if (!fd && (errno == ELOOP || errno == ENXIO))
    return Error(Errc::kCorrupt, name + ": it is no plain file");
  if (!fd)
    return os_error("open", name, errno);
  struct stat found = {};
  if (::fstat(fd.get(), &found) != 0)
    return os_error("stat", name, errno);
  if (!S_ISREG(found.st_mode))
    return Error(Errc::kCorrupt, name + ": it is no plain file");
  std::string bytes(max_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got =
        steadily([&] { return ::read(fd.get(), bytes.data() + size, bytes.size() - size); });
    if (got < 0)
      return os_error("read", name, errno);
    if (got == 0)
      break;
    size += static_cast<std::size_t>(got);
  }
  if (size > max_bytes)
    return Error(Errc::kCorrupt, name + ": it is too long");
  bytes.resize(size);
  return bytes;
}

Result<bool> rename(int from, const std::string& name, int to, const std::string& as) {
  if (::renameat(from, name.c_str(), to, as.c_str()) == 0)
    return true;
  if (errno != ENOENT)
    return os_error("rename", name, errno);
  return false;
}

Status rename_any(int from, const std::string& name, int to, const std::string& as) {
  FLEET_TRY([[maybe_unused]] const bool moved, rename(from, name, to, as));
  return {};
}

}  // namespace fleet::bus
