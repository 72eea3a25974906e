// What a slot's tree held when it was last reset: every tracked file with its object and the stat
// that proves it unchanged. The engine's own answer to git's index, kept where no session can reach
// it, since a session's index lies at will (skip-worktree, assume-unchanged, fsmonitor).
//
// A file is unchanged if its stat, ctime and inode included, equals the recorded one, and its ctime
// is older than the index file: a session can set mtime, not ctime, and a change within the tick in
// which the index was written is caught by the second half.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/worktree/trees.h"

namespace fleet::worktree {

struct FileStat {
  std::int64_t ctime_ns = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;  // 0: never seen on disk
  std::uint64_t size = 0;
  std::uint32_t mode = 0;
  std::uint32_t user = 0;
  std::uint32_t group = 0;

  static FileStat of(const struct stat& found);
  friend bool operator==(const FileStat&, const FileStat&) = default;
};

struct FileNode {
  std::string name;
  std::uint32_t mode = 0;  // git's
  Oid oid;
  FileStat stat;
};

// Children sorted by the bytes of their names.
struct DirNode {
  std::string name;
  Oid tree;
  std::vector<FileNode> files;
  std::vector<DirNode> dirs;

  FileNode* find_file(std::string_view child);
  DirNode* find_dir(std::string_view child);
  const FileNode* find_file(std::string_view child) const;
  const DirNode* find_dir(std::string_view child) const;
};

struct FileIndex {
  DirNode root;
  // Of the index file; stats with a later ctime are not believed. 0: none is.
  std::int64_t written_ns = 0;

  bool is_unchanged(const FileNode& file, const struct stat& found) const {
    return file.stat.inode != 0 && found.st_nlink == 1 && file.stat.ctime_ns < written_ns &&
           file.stat == FileStat::of(found);
  }
};

// An index that believes nothing comes back for a file that is missing, damaged or from before a
// reboot (whose unsynced contents may be gone).
FileIndex load_index(const std::string& path);
// Sets index.written_ns. Not synced: a lost index costs time, never correctness.
Status save_index(const std::string& path, FileIndex& index);

// Makes the index say what `tree` holds, keeping the stats of files that stay the same. Costs the
// difference. kUnsupported for a submodule.
Status move_index(git_odb* odb, FileIndex& index, const Oid& tree);

// The same content as a git index (version 2, with cached trees), for the session's own git.
std::string encode_git_index(const FileIndex& index);

}  // namespace fleet::worktree
