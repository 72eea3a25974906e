// Folders that are held open, and the plain files in them: for who must not be led elsewhere by a
// link. Errors name the call and the file. Thread-safe.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace fleet::os {

// Calls again while a signal interrupts.
template <class Call>
auto uninterrupted(Call call) {
  decltype(call()) got{};
  do {
    got = call();
  } while (got < 0 && errno == EINTR);
  return got;
}

// The last part of `path` must be no link.
Result<UniqueFd> open_folder(const std::string& path);

// `what` is the file's name in an error.
Status write_all(int fd, std::string_view bytes, std::string_view what);
Status sync_fd(int fd, std::string_view what);

struct PlainFile {
  std::string bytes;
  uid_t owner = 0;
};
// The file of that name, whole; never through a link, and without waiting for the other end of a
// pipe. kNotFound; kCorrupt: it is longer than `max_bytes`, or no plain file.
Result<PlainFile> read_plain_file(int folder, const std::string& name, std::size_t max_bytes);

}  // namespace fleet::os
