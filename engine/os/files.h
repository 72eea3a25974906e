// The file system as a thing that can be replaced: tests fail the k-th call. Knows no meaning of
// any file. Paths are bytes as POSIX has them: relative ones resolve against the working directory,
// and a path with a NUL is kInvalid. Every error names the call and the path. Thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace fleet::os {

using Path = std::string;

enum class FileKind : std::uint8_t { kFile, kDirectory, kSymlink, kOther };

struct DirEntry {
  std::string name;
  FileKind kind = FileKind::kOther;
  friend bool operator==(const DirEntry&, const DirEntry&) = default;
};

// Held as long as it lives; the kernel frees it when the process dies, however it dies, so a lock
// never needs to be broken by hand. The file stays. Not inherited by exec; a fork without exec
// shares it.
class FileLock {
 public:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}

 private:
  UniqueFd fd_;
};

class Files {
 public:
  virtual ~Files() = default;

  // The whole file. kNotFound; kInvalid when it is no regular file or longer than `max_bytes`,
  // which is found before that much was read.
  virtual Result<std::string> read_file(const Path& path, std::size_t max_bytes) = 0;

  // Afterwards the file holds `bytes` durably, or what it held before: written beside it, fsynced,
  // renamed over it, the directory fsynced. `path` itself is replaced when it is a symlink. After
  // an error either content may be there, never a mixture.
  virtual Status write_atomic(const Path& path, std::string_view bytes, mode_t mode = 0600) = 0;

  // `mkdir -p`: parents too. What exists keeps its mode. kExists when a component is no directory.
  virtual Status make_dirs(const Path& path, mode_t mode = 0700) = 0;

  // Removes the file, the symlink (never what it names) or the directory with all in it;
  // directories that deny their owner are opened up first. Nothing outside `path` is touched even
  // if someone swaps directories for symlinks meanwhile, and no other file system is entered
  // (kBusy). Absent is fine.
  virtual Status remove_tree(const Path& path) = 0;

  // Does not follow a last symlink, so a dangling one exists.
  virtual Result<bool> exists(const Path& path) = 0;

  // Without `.` and `..`, sorted by bytes.
  virtual Result<std::vector<DirEntry>> list(const Path& path) = 0;

  // What an unprivileged writer may still use on the file system that holds `path`.
  virtual Result<std::uint64_t> free_bytes(const Path& path) = 0;

  // Takes the lock or returns kBusy at once, with the holder's pid in the message as far as its
  // record can be read. Creates the file (0600), never follows a symlink there, and records the pid
  // of this process.
  virtual Result<FileLock> lock_file(const Path& path) = 0;
};

// The system's. Stateless; lives for the whole process.
Files& system_files();

// The pid that lock_file recorded in `path`, whether or not it still holds the lock; empty when
// unreadable.
std::string lock_holder(const Path& path);

}  // namespace fleet::os
