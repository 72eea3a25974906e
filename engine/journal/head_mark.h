// A small file beside the database that says how far the journal was durable: SQLite drops the end
// of a truncated write-ahead log without a word. A lower bound: written after each commit, synced
// now and then, so that after a power cut it may lag, but it never promises what was not durable.
// Private to engine/journal.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/journal/bytes.h"
#include "engine/journal/types.h"

namespace fleet::journal {

struct HeadMark {
  Seq through;
  Digest chain{};  // after the batch that ends with `through`; zeros when that is 0
};

// The newest valid of the two slots. kNotFound without the file; kCorrupt when neither slot is
// valid.
Result<HeadMark> read_head(const std::string& path);

// One thread. Alternates between the two slots, so that a torn write leaves the other one.
class HeadFile {
 public:
  // Makes or replaces the file, durably, with both slots saying `mark`.
  static Result<HeadFile> create(const std::string& path, const HeadMark& mark);

  Status write(const HeadMark& mark);
  Status sync();

 private:
  HeadFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::string path_;
  UniqueFd fd_;
  unsigned slot_ = 0;
};

}  // namespace fleet::journal
