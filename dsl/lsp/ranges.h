// Stretches of the text itself: what can be folded, and what grows around the cursor.
#pragma once

#include <string>
#include <vector>

#include "dsl/base/source.h"
#include "dsl/syntax/tree.h"

namespace fleet::lsp {

struct Fold {
  enum class Kind { kBlock, kComment, kImports };
  Kind kind = Kind::kBlock;
  std::uint32_t begin = 0;  // offsets; on different lines
  std::uint32_t end = 0;
};

std::vector<Fold> folds(const syntax::Tree& tree);

// The stretches around the offset, the smallest first, each larger than the one before; the last
// one is the whole text.
struct Stretch {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend bool operator==(const Stretch&, const Stretch&) = default;
};
std::vector<Stretch> selections(const syntax::Tree& tree, std::uint32_t offset);

}  // namespace fleet::lsp
