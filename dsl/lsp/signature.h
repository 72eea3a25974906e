// The form of the call, step, key or declaration that is being written, with the part at the
// cursor.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dsl/lsp/snapshot.h"

namespace fleet::lsp {

struct Signature {
  std::string label;
  std::string doc;
  std::vector<std::pair<std::size_t, std::size_t>> parameters;  // byte ranges of the label
  std::size_t active = 0;                                       // of them
};

std::optional<Signature> signature(const Snapshot& snapshot, SourceId source, std::uint32_t offset);

}  // namespace fleet::lsp
