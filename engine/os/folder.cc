#include "engine/os/folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fleet::os {

Result<UniqueFd> open_folder(const std::string& path) {
  UniqueFd fd(uninterrupted(
      [&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }));
  if (!fd)
    return os_error("open", path, errno);
  return fd;
}

Status write_all(int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t put = uninterrupted([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (put < 0)
      return os_error("write", what, errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Status sync_fd(int fd, std::string_view what) {
  if (uninterrupted([&] { return ::fsync(fd); }) != 0)
    return os_error("fsync", what, errno);
  return {};
}

Result<PlainFile> read_plain_file(int folder, const std::string& name, std::size_t max_bytes) {
  const Error no_plain_file(Errc::kCorrupt, name + ": it is no plain file");
  const UniqueFd fd(uninterrupted([&] {
    return ::openat(folder, name.c_str(),
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  }));
  if (!fd && (errno == ELOOP || errno == ENXIO))
    return no_plain_file;
  if (!fd)
    return os_error("open", name, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0)
    return os_error("stat", name, errno);
  if (!S_ISREG(status.st_mode))
    return no_plain_file;
  std::string bytes(max_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got =
        uninterrupted([&] { return ::read(fd.get(), bytes.data() + size, bytes.size() - size); });
    if (got < 0)
      return os_error("read", name, errno);
    if (got == 0)
      break;
    size += static_cast<std::size_t>(got);
  }
  if (size > max_bytes)
    return Error(Errc::kCorrupt, name + ": it is too long");
  bytes.resize(size);
  return PlainFile{std::move(bytes), status.st_uid};
}

}  // namespace fleet::os
