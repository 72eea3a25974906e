// The files of a slot as a new git tree: walks a session's directory without believing or following
// anything in it. The part of capture that touches the disk.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/worktree/capture.h"
#include "engine/worktree/file_index.h"
#include "engine/worktree/ignore.h"
#include "engine/worktree/object_writer.h"

namespace fleet::worktree {

class TreeWalk {
 public:
  // `index` says what the start commit holds, with the stats of files that need not be read again.
  // REQUIRES: all outlive this; `tree` is an open directory.
  TreeWalk(git_odb* odb, const FileIndex& index, int tree, const CaptureRequest& request,
           ObjectWriter& writer)
      : odb_(odb), index_(index), tree_(tree), request_(request), writer_(writer) {}

  // The new tree. kCancelled with refused() set if something can't be committed.
  Result<Oid> run(const std::vector<std::string>& exclude_texts);

  // Files that differ from the start, unsorted.
  std::vector<std::string> touched;
  std::vector<std::string> newly_hidden;
  std::optional<CaptureRefused> refused;

 private:
  struct Place {
    const DirNode* node =
        nullptr;  // what the start commit has here; null for an untracked directory
    std::string path;
    IgnoreRules now;       // by the .gitignore files of the tree
    IgnoreRules start;     // by those of the start commit
    bool ignored = false;  // a parent is ignored, so only tracked files count
  };
  struct Listing {
    std::vector<TreeEntry> entries;
    std::vector<Place> below;
    bool changed = false;  // the tree has to be written anew
  };

  Result<std::optional<Oid>> walk(const Place& place);
  Status read_rules(int directory, Place& place);
  Status visit(int directory, const Place& place, const std::string& name, Listing& listing);
  Status visit_file(int directory, const Place& place, const std::string& name,
                    const struct stat& found, Listing& listing);
  Status visit_directory(int directory, const Place& place, const std::string& name,
                         const struct stat& found, Listing& listing);
  void note_deleted(const Place& place, const std::vector<std::string>& files,
                    const std::vector<std::string>& dirs, Listing& listing);
  void note_deleted_beneath(const DirNode& dir, const std::string& path);
  bool is_ignored(const Place& place, const std::string& path, bool is_directory);
  Result<std::optional<std::string>> contents(int directory, const std::string& name,
                                              const std::string& path, const struct stat& found);
  // Ok if lenient: the entry is left out.
  Status refuse(CaptureRefused::Why why, const std::string& path);

  git_odb* const odb_;
  const FileIndex& index_;
  const int tree_;
  const CaptureRequest& request_;
  ObjectWriter& writer_;
};

}  // namespace fleet::worktree
