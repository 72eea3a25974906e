// All fleets of the folders that the editor has open, each compiled when something asks for it and
// again when a file that it read has changed. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dsl/lsp/files.h"
#include "dsl/lsp/snapshot.h"
#include "dsl/syntax/parses.h"

namespace fleet::lsp {

// Larger workspaces are known in part: what is open, what that imports, and this many files more.
inline constexpr std::size_t kMaxWorkspaceFiles = 500;

class Workspace {
 public:
  Workspace(Files& files, std::optional<std::int64_t> today) : files_(files), today_(today) {}

  void set_folders(std::vector<std::string> folders);
  // Looks for .fleet files again; hidden folders and those of builds and packages are left out.
  void scan();

  // The file compiled by itself. Never null: of a file that can't be read the snapshot is empty.
  std::shared_ptr<const Snapshot> snapshot(const std::string& path);
  // Every known file that is compiled by itself: open documents, then those of the folders.
  std::vector<std::string> roots() const;
  // Of those, the file itself and what was made from it when it was last compiled.
  std::vector<std::string> affected(const std::string& path) const;
  // The snapshots in which the file occurs, its own first: where its names may be said.
  std::vector<std::shared_ptr<const Snapshot>> containing(const std::string& path);
  // What would come of it if these files had these texts, without a trace.
  std::shared_ptr<const Snapshot> imagine(const std::string& path,
                                          const std::map<std::string, std::string>& texts);

  Files& files() { return files_; }
  std::uint64_t compilations() const { return compilations_; }
  const syntax::Parses& parses() const { return parses_; }

 private:
  bool is_current(const Snapshot& snapshot) const;
  std::shared_ptr<const Snapshot> make(const std::string& path,
                                       const std::map<std::string, std::string>& texts,
                                       syntax::Parses* kept);

  Files& files_;
  std::optional<std::int64_t> today_;
  std::vector<std::string> folders_;
  std::set<std::string> found_;
  std::map<std::string, std::shared_ptr<const Snapshot>> snapshots_;  // null: to be made again
  std::map<std::string, std::set<std::string>> read_;  // what each was made from when it was last
  syntax::Parses parses_;
  std::uint64_t compilations_ = 0;
};

// Whether the document is one of ours; what was never saved is, as its language says so.
bool is_fleet(const std::string& path);

}  // namespace fleet::lsp
