#include "engine/journal/reserve.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "engine/base/unique_fd.h"

namespace fleet::journal {

Status hold_reserve(const std::string& path, std::uint64_t bytes) {
  if (bytes == 0)
    return {};
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) {
    const int error = errno;
    return os_error("open", path, error);
  }
  const int error = ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes));
  if (error == 0)
    return {};
  ::unlink(path.c_str());
  return os_error(fmt::format("reserve {} bytes in", bytes), path, error);
}

bool release_reserve(const std::string& path) {
  return ::unlink(path.c_str()) == 0;
}

}  // namespace fleet::journal
