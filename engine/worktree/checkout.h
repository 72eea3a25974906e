// Makes a directory hold exactly what an index says: the reset of a slot. Walks the directory
// itself, believes nothing but the index, follows no symlink, and uses several threads.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"
#include "engine/worktree/file_index.h"
#include "engine/worktree/glob.h"

namespace fleet::worktree {

struct CheckoutRequest {
  std::string objects_dir;        // where the contents are
  int tree = -1;                  // an open directory; its entry `.git` is left alone
  const PathSet* keep = nullptr;  // untracked paths that stay
  unsigned threads = 0;           // 0: by the machine
};

struct CheckoutReport {
  std::uint64_t written = 0;
  std::uint64_t removed = 0;
  std::uint64_t doubted = 0;  // files whose recorded stat is not to be believed next time either
};

// REQUIRES: index moved to the wanted tree. Fills in the stats of what it writes; after an error
// the index must not be saved. Contents are the bytes of the blobs: no filter and no line-end
// conversion.
Result<CheckoutReport> check_out(const CheckoutRequest& request, FileIndex& index);

}  // namespace fleet::worktree
