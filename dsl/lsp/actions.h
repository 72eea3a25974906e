// What the editor can do for the author at a place: apply the help of a diagnostic, apply all sound
// ones, and move what an agent says into a role of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dsl/lsp/answers.h"
#include "dsl/lsp/snapshot.h"

namespace fleet::lsp {

struct Action {
  std::string title;
  std::string kind;  // "quickfix", "source.fixAll", "refactor.extract"
  std::vector<FileEdit> edits;
  std::size_t diagnostic = static_cast<std::size_t>(-1);  // that it mends, into the compilation's
  bool preferred = false;
};

std::vector<Action> actions(const Snapshot& snapshot, SourceId source, std::uint32_t begin,
                            std::uint32_t end);

}  // namespace fleet::lsp
