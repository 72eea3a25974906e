// What the text leaves unsaid, shown beside it: what an agent inherits, what a step may cost at
// worst and how its fan-out would be split, what happens when its attempts are spent.
#pragma once

#include <string>
#include <vector>

#include "dsl/lsp/snapshot.h"

namespace fleet::lsp {

struct Inlay {
  std::uint32_t offset = 0;
  std::string label;
  std::string tooltip;  // Markdown
};

// Those with an offset in [begin, end], in the order of the text.
std::vector<Inlay> inlays(const Snapshot& snapshot, SourceId source, std::uint32_t begin,
                          std::uint32_t end);

}  // namespace fleet::lsp
