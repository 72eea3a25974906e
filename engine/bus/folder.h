// What the files of this room need around folders. Private to engine/bus.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace fleet::bus {

// Calls again while a signal interrupts.
template <class Call>
auto steadily(Call call) {
  decltype(call()) got{};
  do {
    got = call();
  } while (got < 0 && errno == EINTR);
  return got;
}

Result<UniqueFd> open_folder(const std::string& path);
Status sync(int fd, std::string_view what);
// The names in it, in any order; what appears or goes meanwhile is there or not.
Result<std::vector<std::string>> list_folder(int folder);
// The plain file of that name, whole. kNotFound; kCorrupt: it is longer, or no plain file.
Result<std::string> read_file(int folder, const std::string& name, std::size_t max_bytes);
// False: it was not there (any more).
Result<bool> rename(int from, const std::string& name, int to, const std::string& as);
// The same, where it does not matter that it was not there.
Status rename_any(int from, const std::string& name, int to, const std::string& as);

}  // namespace fleet::bus
