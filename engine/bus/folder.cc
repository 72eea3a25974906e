#include "engine/bus/folder.h"

#include <dirent.h>
#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "engine/os/folder.h"

namespace fleet::bus {

Result<std::vector<std::string>> list_folder(int folder) {
  // An offset of its own, since others list the same folder at the same time.
  UniqueFd fd(
      os::uninterrupted([&] { return ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
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
