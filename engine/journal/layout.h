// Where the journal's files lie, and what to say when they are damaged. Private to engine/journal.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace fleet::journal {

struct Layout {
  explicit Layout(const std::string& directory)
      : dir(directory),
        database(dir + "/state.db"),
        log(dir + "/state.db-wal"),
        head(dir + "/state.head"),
        lock(dir + "/state.lock"),
        reserve(dir + "/state.reserve") {}

  std::string dir;
  std::string database;
  std::string log;
  std::string head;
  std::string lock;
  std::string reserve;
};

// Adds where, and for damage what to do; other errors say it themselves.
inline Error explain(Error error, const Layout& layout) {
  if (error.code() != Errc::kCorrupt)
    return std::move(error).in("journal");
  return Error(
      Errc::kCorrupt,
      fmt::format("journal {}: damaged: {}. Nothing was changed, and nothing of it is believed. "
                  "Restore the directory from a backup, or move it away to begin a new journal",
                  layout.dir, error.message()));
}

inline Status explain(Status status, const Layout& layout) {
  return status ? std::move(status) : Status(explain(std::move(status).error(), layout));
}

}  // namespace fleet::journal
