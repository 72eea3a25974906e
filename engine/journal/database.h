// One SQLite connection to a journal: rows in, rows out, and SQLite's errors as ours. Believes
// nothing of what the rows say; knows neither events nor the chain. Only database.cc includes
// sqlite3.h. Private to engine/journal. One thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/journal/batch.h"
#include "engine/journal/types.h"

namespace fleet::journal {

enum class Access : std::uint8_t {
  kRead,
  kReadImmutable,  // for directories where SQLite cannot make its side files; no log may exist
  kWrite,          // creates the file
};

enum class SchemaState : std::uint8_t { kEmpty, kCurrent };

// Where a row ends, and the chain there.
struct RowEnd {
  Seq first;
  Seq last;
  Digest chain{};
};

// Return false to stop.
using BatchVisitor = std::function<Result<bool>(const BatchView&)>;
using BlobVisitor = std::function<Status(std::string_view id, std::string_view bytes)>;

class Database {
 public:
  static Result<Database> open(const std::string& path, Access access, const std::string& vfs);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  // Without checkpoint: what the log holds stays there.
  ~Database();

  // kUnsupported for a newer schema; kCorrupt for anything that fleetc did not make.
  Result<SchemaState> check_schema();
  // REQUIRES: kWrite, check_schema said kEmpty. All or nothing.
  Status create_schema();

  // The row with the largest `first` that is not above `seq`; nothing when there is none.
  Result<std::optional<RowEnd>> row_at(Seq seq);
  // Rows with first >= from, in order.
  Status scan(Seq from, const BatchVisitor& visit);
  Result<std::optional<std::string>> snapshot();
  Result<std::optional<std::string>> blob(std::string_view id);
  Status scan_blobs(const BlobVisitor& visit);
  // SQLite's own check of its structure.
  Status check_structure();

  // REQUIRES below: kWrite. After an error the transaction is to be rolled back.
  Status begin();
  Status insert(const BatchView& batch);
  Status insert_blob(std::string_view id, std::string_view bytes);  // once is enough
  Status put_snapshot(std::string_view bytes);
  Status commit();
  void rollback();

  // Pages in the log after the last commit.
  int log_pages() const;
  // Moves what it can into the main file, durably, without waiting for readers.
  Status checkpoint();
  // Checkpoints, and removes the log unless a reader still uses it. The object is of no use
  // afterwards.
  Status close();

 private:
  struct Connection;
  explicit Database(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace fleet::journal
