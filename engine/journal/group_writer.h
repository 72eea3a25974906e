// Makes a group of queued things durable with one commit, marks the head, and spends the reserve
// when the disk is full. Knows no threads and no queue. Private to engine/journal. One thread.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/journal/batch.h"
#include "engine/journal/database.h"
#include "engine/journal/head_mark.h"
#include "engine/journal/layout.h"

namespace fleet::journal {

struct Blob {
  Digest id{};
  std::string bytes;
};

// What becomes durable together.
struct Group {
  std::vector<Batch> batches;
  std::vector<Blob> blobs;

  bool empty() const { return batches.empty() && blobs.empty(); }
};

// `chain_after[i]` follows `batches[i]`.
struct Written {
  bool durable = false;
  Status status;  // kNoSpace with `durable`: the reserve paid, only the stop may follow. Else final
  std::vector<Digest> chain_after;
};

class GroupWriter {
 public:
  // `mark` is where the journal ends, and what `head` says.
  GroupWriter(Layout layout, Database database, HeadFile head, HeadMark mark);

  // `snapshot` is stored beside the group when it is not empty.
  Written write(const Group& group, std::string_view snapshot);

  // Leaves everything in one file. Errors lose nothing.
  Status close(std::string_view snapshot);

 private:
  Status store(const Group& group, const std::vector<Digest>& chain_after,
               std::string_view snapshot);
  Status checkpoint_now_and_then();

  Layout layout_;
  Database database_;
  HeadFile head_;
  HeadMark mark_;
  int checkpointed_pages_ = 0;
  bool failed_ = false;
};

}  // namespace fleet::journal
