// Files on hostile ground: every function names an entry of an open directory and follows no
// symlink, so that a session that swapped a directory for a symlink can't lead the engine outside.
// Also the durable small files of the engine's own. Knows nothing of git.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace fleet::worktree {

// Opens an engine-owned directory by path.
Result<UniqueFd> open_directory(const std::string& path);

// Opens `path` (relative, may have several components, empty for `root` itself) as a directory.
// kNotFound if it or a part of it is missing, or is no directory.
Result<UniqueFd> open_beneath(int root, const std::string& path);

// The same for one entry, whose permissions are repaired first if they keep the owner out.
Result<UniqueFd> open_child(int directory, const std::string& name);

struct DirEntry {
  std::string name;
  unsigned char type = 0;  // DT_*; DT_UNKNOWN where the file system doesn't say
};
// Without `.` and `..`, in no order.
Result<std::vector<DirEntry>> list_directory(int directory);

// nullopt if there is no such entry.
Result<std::optional<struct stat>> stat_entry(int directory, const std::string& name);

// Removes an entry and everything beneath it, however deep and whatever its permissions. Fine if
// there is none.
Status remove_entry(int directory, const std::string& name);

// Makes `name` a directory with `mode`, removing whatever else has that name.
Status make_directory(int directory, const std::string& name, mode_t mode = 0755);

// Bytes of a regular file, at most `limit` of them (kNoSpace beyond it); never blocks on a fifo.
// kNotFound if missing, kInvalid if it is no regular file.
Result<std::string> read_entry(int directory, const std::string& name, std::uint64_t limit);
Result<std::string> read_link(int directory, const std::string& name);

// A new file; fails if the name exists.
Result<UniqueFd> create_file(int directory, const std::string& name, mode_t mode);
Status write_all(int fd, std::string_view bytes, const std::string& name);

// Replaces a file of the engine's by rename; readers see the old or the new bytes. `durable`:
// synced, directory included.
Status replace_file(const std::string& path, std::string_view bytes, bool durable);
Result<std::string> read_file_at(const std::string& path, std::uint64_t limit);
// mkdir -p; every part made is 0755.
Status make_directories(const std::string& path);

std::int64_t nanoseconds(const struct timespec& time);

}  // namespace fleet::worktree
