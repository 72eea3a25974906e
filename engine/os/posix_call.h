// What every file of this room needs around a system call. Private to engine/os.
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/os/folder.h"

namespace fleet::os {

inline Status check_path(std::string_view path) {
  if (path.empty())
    return Error(Errc::kInvalid, "an empty path");
  if (path.find('\0') != std::string_view::npos)
    return Error(Errc::kInvalid, "a path with a NUL byte");
  return {};
}

// "a/b/" -> ("a/", "b"); "b" -> (".", "b"); "/" -> ("/", "").
inline std::pair<std::string, std::string> split_path(std::string_view path) {
  while (path.size() > 1 && path.back() == '/')
    path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos)
    return {".", std::string(path)};
  return {std::string(path.substr(0, slash + 1)), std::string(path.substr(slash + 1))};
}

inline Result<UniqueFd> open_fd(int at, const std::string& path, int flags, mode_t mode = 0) {
  UniqueFd fd(uninterrupted([&] { return ::openat(at, path.c_str(), flags | O_CLOEXEC, mode); }));
  if (!fd) {
    const int error = errno;
    return os_error("open", path, error);
  }
  return fd;
}

}  // namespace fleet::os
