// A new name for a thing, wherever it is said: in every fleet of the workspace that reads its file,
// holes of strings included. A name that would change what anything means is refused.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dsl/lsp/answers.h"
#include "dsl/lsp/workspace.h"

namespace fleet::lsp {

struct Renamed {
  std::vector<FileEdit> edits;
  std::string refusal;  // not empty: why it can't be done, for the person who asked
};

// The name that can be renamed at the offset; `refusal`, and no edits, when there is none. The one
// edit is the name as it stands.
Renamed prepare_rename(const Snapshot& snapshot, SourceId source, std::uint32_t offset);

Renamed rename(Workspace& workspace, const Snapshot& snapshot, SourceId source,
               std::uint32_t offset, const std::string& name);

// The texts with their edits applied, by path. REQUIRES: edits of one file do not overlap.
std::map<std::string, std::string> apply(Files& files, std::vector<FileEdit> edits);

}  // namespace fleet::lsp
