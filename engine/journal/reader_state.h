// What a reader is made of; the writer shares it. Private to engine/journal.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "engine/journal/database.h"
#include "engine/journal/head_mark.h"
#include "engine/journal/layout.h"
#include "engine/journal/projection.h"
#include "engine/journal/reader.h"

namespace fleet::journal {

struct JournalReader::State {
  State(Layout where, Database connection, Projection loaded, Seq lost)
      : layout(std::move(where)),
        database(std::move(connection)),
        projection(std::move(loaded)),
        lost_through(lost) {}

  // `vfs` as in JournalOptions. Errors are bare: the caller explains them.
  static Result<std::unique_ptr<JournalReader>> open(const std::string& dir, LostTail tail,
                                                     const std::string& vfs);

  // Events from `from` to `last`, of one run or of all. `last` ends a row.
  Status read_range(std::optional<RunKey> only, Seq from, Seq last, const EventVisitor& visit);
  Status verify();

  const Layout layout;

  // Recursive: a visitor may ask the same reader for more.
  std::recursive_mutex database_mutex;
  Database database;
  Status broken;  // a refresh failed half-way: the projection is not to be trusted any more

  mutable std::mutex projection_mutex;  // taken after database_mutex where both are
  Projection projection;
  const Seq lost_through;
};

}  // namespace fleet::journal
